package server

import (
	"cmp"
	"context"
	"fmt"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// readStart reads back what a sweep of the journal started from, and the spec that it runs by it.
func (s *Server) readStart(
	ctx context.Context, folder string, e journal.SweepEntry,
) (*sweep.Spec, *board.Winner, error) {
	winner, err := state.ReadWinner(folder)
	if err != nil {
		return nil, nil, err
	}
	prior, err := state.ReadPrior(folder)
	if err != nil {
		return nil, nil, err
	}
	spec, err := state.ParseEntry(e, winner, prior)
	// its state is gone: that was as those sweeps are
	if err == nil && prior == nil && len(spec.From) > 0 && !e.Phase.Ended() {
		if prior, _, err = s.priorOf(ctx, spec); err != nil {
			return nil, nil, err
		}
		if err = state.KeepPrior(folder, prior); err == nil {
			spec, err = state.ParseEntry(e, winner, prior)
		}
	}
	if err != nil {
		if _, other := state.ParseEntry(e, new(board.Winner), prior); other == nil {
			err = state.NoWinner(folder)
		}
		return nil, nil, fmt.Errorf("read the spec of %s from its journal: %w", e.ID, err)
	}
	return spec, winner, nil
}

// standIn is a spec for a sweep that has ended and of which that cannot be read back by which it ran: it shows what
// there was, and nothing is run by it. Guessed says that nothing may be stored by it either.
func (s *Server) standIn(ctx context.Context, e journal.SweepEntry) (spec *sweep.Spec, guessed bool, err error) {
	if spec, err := state.ParseEntry(e, nil, nil); err == nil { // only what its search started from is missing
		return spec, false, nil
	}
	slots, err := journal.CountRuns(e.States, sweep.MaxTrials+1) // the step behind the trials has one, too
	if err != nil {
		return nil, false, err
	}
	const none = "method: random\nrun_cap: %d\nparameters: {x: {min: 0, max: 1}}\ncommand: 'true'\n"
	text := fmt.Sprintf(none, slots-1)
	parsed, err := sweep.Parse(e.File, []byte(text))
	if err != nil {
		return nil, false, err
	}
	spec = new(*parsed)
	spec.Name, spec.Source, spec.Overrides = e.ID, e.Source, e.Overrides
	if was, err := state.ParseEntry(e, new(board.Winner), nil); err == nil {
		spec.Name, spec.Method, spec.Objective, spec.Metrics = was.Name, was.Method, was.Objective, was.Metrics
		spec.Queue, spec.Priority, spec.Repeat = was.Queue, was.Priority, was.Repeat
	} else if known, err := store.ReadSweep(ctx, s.cfg.Bucket, e.ID); err == nil {
		spec.Name, spec.Method = cmp.Or(known.Name, e.ID), cmp.Or(known.Method, spec.Method)
		spec.Objective, spec.Metrics = known.Objective, known.Metrics
		spec.Queue, spec.Priority, spec.Repeat = known.Queue, known.Priority, known.Repeat
	}
	return spec, true, nil
}
