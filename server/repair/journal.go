package repair

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/sweep"
)

// journal makes a journal of what the results tell.
func (m *mender) journal(ctx context.Context, spec *sweep.Spec, known *board.Board) error {
	e := m.standing()
	if best, ok := known.Best(); ok {
		e.Best, e.BestTrial = float64(best.Value), best.Trial
	}
	var begun []journal.TrialEntry
	over := 0
	for t := range known.Trials(board.Query{}) {
		begun = append(begun, m.trial(t))
		if begun[len(begun)-1].State != sweep.Waiting {
			over++
		}
	}
	begun = m.givenUp(begun)
	if step, ok := known.Trial(results.ThenTrial); ok {
		begun = append(begun, m.trial(step))
		if w, err := store.ReadWinner(ctx, m.bucket, m.id); err == nil {
			e.Winner, e.Params = journal.AttemptRef{Trial: w.Trial, Attempt: w.Attempt}, w.Params
			e.Manifest, _ = json.Marshal(w)
		} else if w, ok := known.Winner(); ok {
			e.Winner, e.Params = journal.AttemptRef{Trial: w.Trial, Attempt: w.Attempt}, w.Params
			e.Manifest, _ = json.Marshal(w)
		}
	}
	for _, suffix := range []string{"", ".log"} {
		from := m.path() + suffix
		if _, err := os.Lstat(from); err != nil {
			continue
		}
		to := from + ".damaged-" + m.label
		if err := os.Rename(from, to); err != nil {
			return fault.Unreachable(fmt.Errorf("move the journal aside: %w", err))
		}
		m.Aside = append(m.Aside, to)
	}
	j, err := disk.Open(m.path())
	if err != nil {
		return fault.Unreachable(err)
	}
	if err := errors.Join(j.Append(journal.Rebuilt(e, spec.Trials, begun)), j.Close()); err != nil {
		return fault.Unreachable(err)
	}
	m.Brought = append(m.Brought, fmt.Sprintf("the journal: %s, %d of %s ended", e.Phase, over,
		format.Plural(spec.Trials, "trial")))
	for _, hole := range m.holes {
		m.Lost = append(m.Lost, "what the results did not have yet of "+hole)
	}
	if !e.Phase.Ended() && !m.salvaged {
		m.Lost = append(m.Lost, "what trials reported that the results did not have yet: those trials run again")
	}
	return nil
}

// standing is where the sweep stands by the results, and by what is whole of its journal. Records and states are not in
// it: they are in the results by now, and follow from those.
func (m *mender) standing() journal.SweepEntry {
	e := *m.entry
	if e.Submitted.IsZero() {
		e.Submitted, _ = time.Parse(time.RFC3339Nano, m.known.Created)
	}
	if e.Submitted.IsZero() {
		e.Submitted = time.Now()
	}
	e.Records, e.Stored, e.States, e.Attempts, e.KeepTrials, e.BestTrial = 0, 0, nil, nil, false, -1
	if !e.Phase.Ended() && e.Phase != sweep.PhaseDraining {
		e.Phase = sweep.PhaseActive
	}
	if phase := sweep.Phase(m.known.State); m.known.Finished != "" && phase.Ended() {
		e.Phase, e.Reason = phase, m.known.Sentence
		e.Ended, _ = time.Parse(time.RFC3339Nano, m.known.Finished)
	}
	return e
}

// givenUp adds to trials by the results the attempts that only the journal knows to have begun: they are given up, and
// the next has another number.
func (m *mender) givenUp(begun []journal.TrialEntry) []journal.TrialEntry {
	at := map[int]int{}
	for i, t := range begun {
		at[t.Trial] = i
	}
	for _, t := range m.trials {
		i, there := at[t.Trial]
		switch {
		case t.Trial == results.ThenTrial || t.State.Terminal():
		case !there:
			begun = append(begun, journal.TrialEntry{Sweep: m.id, Trial: t.Trial, State: sweep.Waiting,
				Attempt: t.Attempt, Budget: t.Budget})
		case begun[i].State == sweep.Waiting && begun[i].Attempt < t.Attempt:
			begun[i].Attempt, begun[i].Budget = t.Attempt, t.Budget
		}
	}
	return begun
}

// trial is where a trial stands by the results. An attempt without an end is given up, and the next has
// another number.
func (m *mender) trial(t board.Trial) journal.TrialEntry {
	e := journal.TrialEntry{Sweep: m.id, Trial: t.Trial, State: sweep.Waiting}
	for _, try := range t.Attempts {
		e.Attempt = max(e.Attempt, try.Attempt)
		if end := try.End; end != nil && !end.Final && end.State == sweep.AttemptFailed {
			e.Budget.Failures++
		}
		if end := try.End; end != nil && try.Attempt == t.Attempt && end.Final {
			e.Reason = end.Reason
		}
	}
	if t.State.Terminal() {
		e.State = t.State
		e.Attempt, e.Budget = t.Attempt, journal.Budget{}
	}
	if t.Value != nil {
		e.Value.Add(float64(*t.Value))
	}
	return e
}

// points answers what trials ran with, by the journal: a search that learns is told again what it was told.
// The `then` step ran with the winner, which is not known here.
func (m *mender) points(spec *sweep.Spec) (func(trial int) (json.RawMessage, uint64), error) {
	core, err := scheduler.Restore(time.Now(), scheduler.Config{
		Packer: offers.NewIndex(),
		Builder: func(id string, spec *sweep.Spec) (*task.Builder, error) {
			return task.NewBuilder(id, spec, task.Options{})
		},
		Parse: func(journal.SweepEntry) (*sweep.Spec, error) { return spec, nil },
		Container: func(string, *sweep.Spec) (*cluster.Container, error) {
			return &cluster.Container{Container: *spec.Task.Container}, nil // nothing is started in it
		},
	}, m.entries())
	if err != nil {
		return nil, err
	}
	return func(trial int) (json.RawMessage, uint64) {
		if trial == results.ThenTrial {
			return nil, sweep.TrialSeed(spec.Seed, 0)
		}
		point, err := core.Point(m.id, trial)
		if err != nil {
			return nil, 0
		}
		params, _ := json.Marshal(point) // a point that was launched has been marshalled before
		return params, spec.TrialSeed(trial, point)
	}, nil
}

// entries are those of the journal that tell of the sweep and its trials.
func (m *mender) entries() iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		if !yield(*m.entry, nil) {
			return
		}
		for _, t := range m.trials {
			if t.Sweep == m.id && !yield(t, nil) {
				return
			}
		}
	}
}
