package simtest

import (
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

// watch is the truth about a sweep's clock: for how long processes had the sweep, by their own clocks, while
// it was neither paused nor over.
type watch struct {
	runs  bool
	over  bool
	total time.Duration
	lost  time.Duration // of total, with processes that died
}

// late is how late the core may be to look at a clock, and so how much a dying process may take with it: the
// core looks every hundredth of the limit, three seconds here, and a process that stands still does not look.
func (l *laws) late() time.Duration {
	const stalled = 40 * time.Second // the longest, and what came due meanwhile
	return 5*time.Second + time.Duration(l.w.counts[Stall])*stalled
}

// pass lets the sweeps' clocks go on to the process's time.
func (l *laws) pass(p *process) {
	now := p.clock()
	for _, s := range l.watches {
		if s.runs && now.After(l.seen) {
			s.total += now.Sub(l.seen)
		}
	}
	if now.After(l.seen) {
		l.seen = now // the core's time stands still while the clock is back
	}
}

// read compares what a process believes of the sweeps' clocks with the truth, after a restart or a turn.
func (l *laws) read(p *process, restarted bool) {
	for _, x := range p.core.Snapshot().Sweeps {
		s := l.watches[x.ID]
		if s == nil {
			s = &watch{}
			l.watches[x.ID] = s
		}
		over := x.Phase.Ended()
		if s.over && !over { // it was retried
			s.total, s.lost = 0, 0
		}
		s.over, s.runs = over, !over && !x.Paused
		lost := s.total - x.Elapsed
		if lost < 0 {
			l.w.fail("wall: %s is said to have been worked on for %v, in truth for %v", x.ID, x.Elapsed, s.total)
		}
		// the limit may have had its say, and then the time is journaled no more
		if x.Phase == sweep.PhaseDraining || over {
			s.lost = max(lost, s.lost)
			continue
		}
		if restarted && lost <= s.lost+l.late() {
			s.lost = max(lost, s.lost)
		}
		// a jump may be lost whole
		if lost > s.lost && l.w.specs.first.Limits.Wall > 0 && l.w.counts[ClockForward] == 0 {
			l.w.fail("wall: %s is said to have been worked on for %v, in truth for %v, and %v were lost",
				x.ID, x.Elapsed, s.total, s.lost)
		}
		if wall := l.w.specs.first.Limits.Wall; wall > 0 && s.runs && x.Elapsed > wall+l.late() {
			l.w.fail("wall: %s is %s after %v, its limit is %v", x.ID, x.Phase, x.Elapsed, wall)
		}
	}
}
