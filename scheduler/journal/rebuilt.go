package journal

import (
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// Rebuilt is the entries of a journal that knows of a sweep what its results tell: e, whose Phase says whether it has
// ended, and the trials that have begun, of total. Trials of a sweep that has ended and have not themselves never will
// be.
func Rebuilt(e SweepEntry, total int, trials []TrialEntry) []Entry {
	if !e.Phase.Ended() {
		all := []Entry{e}
		for _, t := range trials {
			all = append(all, t)
		}
		return all
	}
	states, attempts := make([]uint8, total+1), make([]uint16, total+1)
	for i := range total {
		states[i] = uint8(sweep.Stopped)
	}
	for _, t := range trials {
		slot := t.Trial
		if slot == results.ThenTrial {
			slot = total
		}
		attempts[slot] = uint16(t.Attempt)
		if t.State.Terminal() {
			states[slot] = uint8(t.State)
		}
	}
	e.States, e.Attempts = PackRuns(states), PackRuns(attempts)
	return []Entry{e}
}

// EndedTrials are the trials of a sweep that began and have ended, by what its journal has: the entry, and its trials.
func EndedTrials(e SweepEntry, trials []TrialEntry, total int) (ended []TrialEntry) {
	states, attempts := make([]uint8, total+1), make([]uint16, total+1)
	if e.Phase.Ended() && (UnpackRuns(e.States, states) != nil || UnpackRuns(e.Attempts, attempts) != nil) {
		return nil
	}
	if e.Phase.Ended() {
		trials = nil
		for slot := range states {
			t := TrialEntry{Sweep: e.ID, Trial: slot, State: sweep.State(states[slot]), Attempt: int(attempts[slot])}
			if slot == total {
				t.Trial = results.ThenTrial
			}
			trials = append(trials, t)
		}
	}
	for _, t := range trials {
		if t.Sweep == e.ID && t.Attempt > 0 && t.State.Terminal() {
			ended = append(ended, t)
		}
	}
	return ended
}
