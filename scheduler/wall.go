package scheduler

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

// The clock of a sweep runs while a scheduler has it and it is neither paused nor over: that is the time which limits.wall
// bounds. A sweep that is resumed the next day has not used up the night. The journal is told how far it is now and
// then, so a scheduler that dies forgets a hundredth of the limit at most, and a minute at most.
const (
	leastWallStep = time.Second // below, a short limit would fill the journal
	mostWallStep  = time.Minute // above, a long limit would grow by too much with every death
)

// work starts a sweep's clock, and watches its limit.
func (c *Core) work(run *sweepRun) {
	run.since = c.now
	if run.spec.Limits.Wall > 0 {
		c.watchWall(run)
	}
}

// rest stops a sweep's clock.
func (c *Core) rest(run *sweepRun) {
	run.kept.Elapsed, run.since = run.worked(c.now), time.Time{}
}

// worked is what a sweep's clock shows.
func (r *sweepRun) worked(now time.Time) time.Duration {
	if r.since.IsZero() {
		return r.kept.Elapsed
	}
	return r.kept.Elapsed + now.Sub(r.since)
}

// late reports whether a sweep's time is over.
func (r *sweepRun) late(now time.Time) bool {
	return r.spec.Limits.Wall > 0 && r.worked(now) >= r.spec.Limits.Wall
}

// keep journals a sweep, with what its clock shows.
func (c *Core) keep(run *sweepRun) {
	if !run.since.IsZero() {
		run.kept.Elapsed, run.since = run.worked(c.now), c.now
	}
	c.journal(run.kept)
}

// watchWall ends a sweep when its time is over, and journals how much has passed until then.
func (c *Core) watchWall(run *sweepRun) {
	wall := run.spec.Limits.Wall
	step := min(max(wall/100, leastWallStep), mostWallStep)
	at := c.now.Add(min(step, max(wall-run.worked(c.now), 0)))
	run.wallAt = at
	c.timers.Set(at, func(time.Time) {
		if !run.wallAt.Equal(at) || run.since.IsZero() {
			return // paused or over; and started again, it has another timer
		}
		if !run.late(c.now) {
			c.keep(run)
			c.watchWall(run)
			return
		}
		c.halt(run, sweep.PhaseStopped, fmt.Sprintf("stopped after %v (limits.wall)", wall), true)
	})
}
