package simtest

import (
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/stop"
)

// raceReplay decides again, from durable entries alone and without ever restarting, which repeats need not run: who is
// dropped must have lost, by the same numbers, and whoever has lost must be dropped.
type raceReplay struct {
	spec   *sweep.Spec
	race   *stop.Race // nil: the sweep has none
	trials map[int]journal.TrialEntry
	lost   map[int]stop.Decision // as of the last look
	ended  bool                  // some trial has, since it was looked whether all losers were dropped
	over   bool                  // the sweep is ending, and what waits will not run
}

func newRaceReplay(spec *sweep.Spec) *raceReplay {
	// As of a search that learns, somebody may be out before all points have begun: what has a turn and has not begun
	// is not durable.
	return &raceReplay{spec: spec, race: stop.NewRace(spec, true), trials: map[int]journal.TrialEntry{},
		lost: map[int]stop.Decision{}}
}

func (p *raceReplay) extend(spec *sweep.Spec) {
	if p.spec = spec; p.race != nil {
		p.race.Extend(spec)
	}
}

// racedOut reports whether a trial ended because it need not run.
func racedOut(e *journal.TrialEntry) bool {
	return e.State == sweep.Stopped && strings.HasPrefix(e.Reason, string(sweep.Racing)+": ")
}

// look takes in who has lost by now.
func (p *raceReplay) look() {
	for _, d := range p.race.Losers() {
		p.lost[d.Trial] = d
	}
}

// entry takes in where a trial stands.
func (p *raceReplay) entry(e journal.TrialEntry) (broken string) {
	if p.race == nil || e.Trial == results.ThenTrial {
		return ""
	}
	old := p.trials[e.Trial]
	p.trials[e.Trial] = e
	switch {
	case old.State.Terminal() && e.State == old.State:
		return "" // it is told again, as its sweep goes on
	case old.State.Terminal():
		p.race.Again(e.Trial)
	case racedOut(&e):
		// else it was lost with the others of its point, of which one is dropped already
		if p.lost[e.Trial].Reason != e.Reason {
			p.look()
		}
		if d, out := p.lost[e.Trial]; !out || d.Reason != e.Reason {
			return fmt.Sprintf("trial %d is dropped by %q; by the results it is %q", e.Trial, e.Reason, d.Reason)
		}
		p.race.Lost(e.Trial)
	case e.State.Terminal():
		value, known := e.Value.Reduced(p.spec.Objective.Reduce)
		p.race.Ended(e.Trial, value, known && e.State.CanWin())
		clear(p.lost)
		p.ended = true
	case e.State == sweep.Launched && e.Attempt > old.Attempt: // by a pass, which comes behind that
		broken = p.dropped()
		p.race.Began(e.Trial)
	}
	return broken
}

// dropped checks that nobody waits who has lost, when those that have ended have had their effect.
func (p *raceReplay) dropped() (broken string) {
	if p.race == nil || !p.ended {
		return ""
	}
	if p.ended = false; p.over {
		return ""
	}
	for point := range p.spec.Points() {
		if p.trials[point*p.spec.Repeat.Trials].Attempt == 0 {
			return "" // until all points have begun nobody has lost, but where the search learns
		}
	}
	p.look()
	for trial, d := range p.lost {
		if e := p.trials[trial]; e.State == sweep.Waiting && e.Attempt == 0 {
			return fmt.Sprintf("trial %d waits though %s", trial, d.Reason)
		}
	}
	return ""
}
