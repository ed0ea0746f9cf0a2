package scheduler

import (
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/stop"
)

// racing begins the reasons of trials that a race has ended, by which a restart knows them again.
const racing = string(sweep.Racing) + ": "

// startRace lets a race choose the order of trials, if the spec has one.
func (r *run) startRace(learns bool) {
	if r.race = stop.NewRace(r.spec, learns); r.race != nil {
		r.queue.Order(r.race.Next)
	}
}

// restoreRace takes in how a trial stood.
func (r *run) restoreRace(e *journal.TrialEntry) {
	switch {
	case r.race == nil || e.Trial == ThenTrial:
	case e.Attempt == 0:
		r.race.Taken(e.Trial) // its point was asked for, and it waits in the queue
	case e.State == sweep.Stopped && strings.HasPrefix(e.Reason, racing):
		r.race.Lost(e.Trial)
	case e.State.Terminal():
		r.raced(e.Trial, e.State, &e.Value)
	default:
		r.race.Began(e.Trial)
	}
}

// begins tells the race that a trial is launched: until then it may turn out that it need not be.
func (r *run) begins(trial int) {
	if r.race != nil && trial != ThenTrial {
		r.race.Began(trial)
	}
}

// racesAgain tells the race that a trial that has ended runs again.
func (r *run) racesAgain(trial int) {
	if r.race != nil && trial != ThenTrial {
		r.race.Again(trial)
	}
}

// raced tells the race how a trial ended.
func (r *run) raced(trial int, to sweep.State, s *sweep.Series) {
	if r.race != nil && trial != ThenTrial {
		value, known := s.Reduced(r.spec.Objective.Reduce)
		r.race.Ended(trial, value, known && to.CanWin())
	}
}

// endedEarly is how many trials were decided to end early, by rule; nil: none.
func (r *run) endedEarly() map[sweep.StopRule]int {
	n := r.stops.byRule()
	if r.race != nil && r.race.Dropped() > 0 {
		if n == nil {
			n = map[sweep.StopRule]int{}
		}
		n[sweep.Racing] = r.race.Dropped()
	}
	return n
}
