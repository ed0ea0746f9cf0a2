package scheduler

import (
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// point is the parameters of a trial, the same for all its attempts.
func (r *run) point(trial int) (sweep.Point, error) {
	p, _, err := r.search.Ask(trial)
	return p, err
}

// observe tells the search how a trial ended, and whoever journals the trial which steps of the search that
// makes.
func (r *run) observe(trial int, state sweep.State, s *sweep.Series) search.Steps {
	if trial != ThenTrial {
		r.search.Tell(trial, r.searchOutcome(state, s))
	}
	return r.search.Steps(trial)
}

// searchOutcome is how a trial ended with what it reported of the objective. A value that is no finite number is known,
// too: a search learns from trials that diverged, also when they were stopped for it.
func (r *run) searchOutcome(state sweep.State, s *sweep.Series) search.Outcome {
	value, _ := s.Reduced(r.spec.Objective.Reduce)
	return search.Outcome{State: state, Value: value, Known: s.Count > 0}
}

// restoreSteps has the search take in the steps of a journaled trial.
func (r *run) restoreSteps(e *journal.TrialEntry) {
	r.search.Restore(e.Trial, search.Steps{Ask: e.AskSeq, Tell: e.TellSeq, Failure: e.Failure, Point: string(e.Point)},
		r.searchOutcome(e.State, &e.Value))
}
