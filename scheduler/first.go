package scheduler

import (
	"fmt"
	"regexp"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

// firstTrials watches the first trials of a sweep: when all of them fail in the same way within moments, no other will
// do better, and a mistake in the spec has been found.
type firstTrials struct {
	trials map[int]bool // that failed
	way    string       // in which they did
	over   bool         // one did not
}

// firstMoments is how long a failed attempt may have run to count: a mistake in the command shows at once.
const firstMoments = time.Minute

// varying is what differs between the messages of one and the same mistake: numbers, quoted values, and paths.
var varying = regexp.MustCompile(`"[^"]*"|'[^']*'|(/[^\s:,]+)+|[-+]?\b[0-9][0-9a-fA-FxX.eE+-]*`)

// watchFirst takes in the end of an attempt, and ends the sweep when its first trials have all failed alike.
func (c *Core) watchFirst(att *attempt, v verdict) {
	run, limit := att.run, att.run.spec.Limits.FirstFailures
	f := &run.first
	if att.trial == ThenTrial || f.over || limit <= 0 || run.counts[sweep.Succeeded]+run.counts[sweep.Cached] > 0 {
		return
	}
	switch way := varying.ReplaceAllString(v.reason, "…"); {
	case v.kind == lost, v.kind == preempted, v.kind == stopped:
		return
	case v.kind != failed, !att.started.IsZero() && c.now.Sub(att.started) > firstMoments, f.way != "" && f.way != way:
		*f = firstTrials{over: true}
		return
	case f.trials == nil:
		*f = firstTrials{trials: map[int]bool{}, way: way}
	}
	f.trials[att.trial] = true
	if len(f.trials) >= limit {
		f.over = true
		c.halt(run, sweep.PhaseFailed, fmt.Sprintf("stopped, as the first %d trials all failed in the same way (limits.first_failures: %d; 0 goes on all the same): %s",
			len(f.trials), limit, v.reason), true)
	}
}
