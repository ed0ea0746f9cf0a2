package scheduler

import (
	"fmt"
	"regexp"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

// checkFailureLimit ends a sweep that has reached its limit of failed trials.
func (c *Core) checkFailureLimit(run *run) {
	l := run.spec.Limits
	n := run.counts[sweep.Failed]
	if !l.Reached(n, run.total) {
		return
	}
	c.drain(run, sweep.PhaseFailed, fmt.Sprintf("stopped after %d of %d trials failed (%s); %s", n, run.total,
		l.FailedText(), run.failures.mostCommon()), true)
}

// noteTarget notes that a trial has reached the metric's target.
func (c *Core) noteTarget(att *attempt) {
	if run := att.run; att.trial != ThenTrial && att.value.Reaches(run.spec.Objective) {
		run.reached = att
		c.touch(run)
	}
}

// checkTarget lets no more trials start once one has reached the metric's target; as in W&B, those that run may
// finish.
func (c *Core) checkTarget(run *run) {
	att, m := run.reached, run.spec.Objective
	run.reached = nil
	if att == nil || run.entry.Phase != sweep.PhaseActive {
		return
	}
	v, _ := att.value.Reduced(m.Reduce)
	c.drain(run, sweep.PhaseSucceeded, fmt.Sprintf("trial %d reached the target: %s = %v (target %v)", att.trial,
		m.Name, v, *m.Target), false)
}

// earlyFailure is how long a failed attempt may have run to count: a mistake in the command shows at once.
const earlyFailure = time.Minute

// varying is what differs between the messages of one and the same mistake: numbers, quoted values, and paths.
var varying = regexp.MustCompile(`"[^"]*"|'[^']*'|(/[^\s:,]+)+|[-+]?\b[0-9][0-9a-fA-FxX.eE+-]*`)

// noteFirstFailure takes in the end of an attempt.
func (r *run) noteFirstFailure(att *attempt, v classification, now time.Time) {
	f := &r.first
	if att.trial == ThenTrial || f.over || r.spec.Limits.FirstFailures <= 0 ||
		r.counts[sweep.Succeeded]+r.counts[sweep.Cached] > 0 {
		return
	}
	switch reason := varying.ReplaceAllString(v.reason, "…"); {
	case v.outcome == sweep.AttemptLost, v.outcome == sweep.AttemptPreempted, v.outcome == sweep.AttemptStopped:
		return
	case v.outcome != sweep.AttemptFailed, !att.started.IsZero() && now.Sub(att.started) > earlyFailure,
		f.reason != "" && f.reason != reason:
		*f = firstFailures{over: true}
		return
	case f.trials == nil:
		*f = firstFailures{trials: map[int]bool{}, reason: reason}
	}
	f.trials[att.trial], f.last = true, v.reason
}

// checkFirstFailures ends a sweep whose first trials have all failed alike.
func (c *Core) checkFirstFailures(run *run) {
	limit, f := run.spec.Limits.FirstFailures, &run.first
	if f.over || limit <= 0 || len(f.trials) < limit {
		return
	}
	f.over = true
	c.drain(run, sweep.PhaseFailed, fmt.Sprintf("stopped, as the first %d trials all failed in the same "+
		"way (limits.first_failures: %d; 0 goes on all the same): %s",
		len(f.trials), limit, f.last), true)
}

// checkUnstartable ends a sweep none of whose trials can be started.
func (c *Core) checkUnstartable(run *run) {
	if reason := run.unstartable; reason != "" {
		run.unstartable = ""
		c.drain(run, sweep.PhaseFailed, fmt.Sprintf("stopped, as no trial of it can be started: %s", reason), true)
	}
}

// The clock of a sweep runs while a scheduler has it and it is neither paused nor over: that is the time which
// limits.wall bounds. A sweep that is resumed the next day has not used up the night. The journal is told how far it is
// now and then, so a scheduler that dies forgets a hundredth of the limit at most, and a minute at most.
const (
	leastWallStep = time.Second // below, a short limit would fill the journal
	mostWallStep  = time.Minute // above, a long limit would grow by too much with every death
)

// startClock starts a sweep's clock, and watches its limits.
func (c *Core) startClock(run *run) {
	run.clockStart = c.now
	c.scheduleClockCheck(run)
}

// goOn makes an ended sweep active again, with all of its time.
func (c *Core) goOn(run *run) {
	run.entry.Phase, run.entry.Reason, run.entry.Ended = sweep.PhaseActive, "", time.Time{}
	run.entry.Outcome, run.entry.Elapsed, run.entry.Paused = "", 0, false
	run.queueOver = false
	c.startClock(run)
}

// scheduleClockCheck ends a sweep when a time that it has is over, and journals how much has passed until then.
func (c *Core) scheduleClockCheck(run *run) {
	limit := run.nextClockLimit()
	if limit == 0 {
		return
	}
	step := min(max(limit/100, leastWallStep), mostWallStep)
	at := c.now.Add(min(step, max(limit-run.elapsed(c.now), 0)))
	run.wallAt = at
	c.timers.Set(at, func(time.Time) {
		switch {
		case !run.wallAt.Equal(at) || run.clockStart.IsZero():
			// paused or over; and started again, it has another timer
		case run.overQueueLimit(c.now):
			c.drain(run, sweep.PhaseStopped, fmt.Sprintf("stopped, as no trial of it could be started within "+
				"%v (limits.queue)", run.spec.Limits.Queue), true)
		case run.overWallLimit(c.now):
			c.drain(run, sweep.PhaseStopped, fmt.Sprintf("stopped after %v (limits.wall)", run.spec.Limits.Wall), true)
		default:
			c.journalSweep(run)
			c.scheduleClockCheck(run)
		}
	})
}
