package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/sweep"
)

// onSweepEnded has what a sweep leaves behind stored, and tells who waits for it. It is called by the loop.
func (sw *Sweep) onSweepEnded(n scheduler.SweepEnded) {
	sw.mu.Lock()
	sw.mu.over = n
	ending, stored := sw.mu.ending, sw.mu.stored
	sw.mu.Unlock()
	select {
	case <-ending: // it has been told before
		return
	default:
		close(ending)
	}
	s := sw.server
	s.finishing.Go(crash.Func(func() {
		defer close(stored)
		sw.restSampler()
		out := sw.end()
		err := sw.store(s.finishCtx, out)
		sw.mu.Lock()
		defer sw.mu.Unlock()
		sw.mu.outcome, sw.mu.err = out, classify(err)
	}))
}

// store writes what a sweep leaves behind: board, winner, and that it has ended.
func (sw *Sweep) store(ctx context.Context, out Outcome) error {
	if err := sw.writer.Flush(ctx); err != nil { // what says that it has ended comes behind what it is about
		return err
	}
	bucket, summary := sw.server.cfg.Bucket, sw.Summary()
	var winner error
	written := sw.change(ctx, func(known *store.Sweep) bool {
		known.State, known.Sentence, known.Closed = string(out.Phase), out.Reason, sw.closed()
		if step := sw.step(); step != nil {
			known.Then = step
		}
		if known.Finished == "" {
			known.Finished = now()
			known.Over(known.Finished)
		}
		if out.Winner != nil {
			out.Winner.SpecHash, out.Winner.Created = known.SpecHash, known.Finished
			winner = store.WriteWinner(ctx, bucket, *out.Winner)
		}
		winner = errors.Join(winner, sw.prune(ctx, summary), store.WriteBoard(ctx, bucket, summary))
		return true
	})
	return errors.Join(winner, written)
}

// prune removes what the sweep does not keep: half-received files, and the artifacts that its policy lets go.
func (sw *Sweep) prune(ctx context.Context, summary board.Summary) error {
	err := sw.staging.fileServer.Remove(ctx)
	keep := sw.kept(sw.Spec().Artifacts.Top, summary)
	if keep == nil {
		return err
	}
	_, _, pruned := store.Prune(ctx, sw.server.cfg.Bucket, sw.id, keep)
	return errors.Join(err, pruned)
}

// kept says whose artifacts stay; nil: everybody's.
func (sw *Sweep) kept(top int, summary board.Summary) func(trial, attempt int) bool {
	if top == 0 {
		return nil
	}
	type attempt struct{ trial, number int }
	keep := map[attempt]bool{}
	sw.mu.Lock()
	defer sw.mu.Unlock()
	all := sw.mu.board
	if best, ok := all.Best(); ok {
		keep[attempt{best.Trial, best.Attempt}] = true
	}
	if top == sweep.KeepWinners {
		for _, c := range summary.Pareto {
			if t, ok := all.Trial(c.Trial); ok {
				keep[attempt{c.Trial, t.Attempt}] = true
			}
		}
	} else {
		for t := range all.Trials(board.Query{States: []sweep.State{sweep.Succeeded, sweep.Cached}, Sort: "value",
			Limit: top}) {
			keep[attempt{t.Trial, t.Attempt}] = true
		}
	}
	return func(trial, number int) bool { return keep[attempt{trial, number}] }
}

// Summary is what the board of the sweep says of all its trials.
func (sw *Sweep) Summary() board.Summary {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	return sw.mu.board.Summary()
}

// Retry runs what has failed of a sweep again. One that had ended runs anew, and its results say so.
// ErrNothingFailed: there is nothing to run again.
func (s *Server) Retry(ctx context.Context, id string) (*Sweep, error) {
	sw, known := s.Sweep(id)
	if !known {
		return nil, usage(fmt.Errorf("sweep %s: %w", id, scheduler.ErrUnknown))
	}
	st, err := sw.Status(ctx)
	switch {
	case err != nil:
		return nil, classify(err)
	case st.Counts.Failed == 0 && st.Then != sweep.Failed:
		return sw, ErrNothingFailed
	case sw.broken != nil:
		return nil, classify(sw.broken)
	}
	if st.Phase.Ended() {
		if _, err := sw.Wait(ctx); err != nil {
			return nil, classify(err)
		}
	}
	// retried are those that failed: what never started stays so
	if err := sw.reopen(ctx, st, sw.closed()); err != nil {
		return nil, classify(err)
	}
	s.driver.start()
	s.shareMachine(scheduler.Snapshot{})
	return sw, classify(s.loop.Do(ctx, scheduler.Retry{Sweep: id}))
}

// reopen has readers of the results see a sweep that runs, and those who wait for it wait for its new end. Closed
// is why trials that never started will not.
func (sw *Sweep) reopen(ctx context.Context, st Status, closed string) error {
	err := sw.change(ctx, func(known *store.Sweep) bool {
		known.State, known.Finished, known.Sentence = string(sweep.PhaseActive), "", ""
		known.Closed = closed
		if !sw.noted {
			known.Began(thisRun(sw.server.cfg.Command, sw.Spec()))
			sw.noted = true
		}
		return true
	})
	if err != nil {
		return err
	}
	sw.mu.Lock()
	defer sw.mu.Unlock()
	sw.mu.endedBefore = st.Counts.Ended() - st.Counts.Stopped - st.Counts.Failed
	if st.Phase.Ended() {
		sw.mu.ending, sw.mu.stored = make(chan struct{}), make(chan struct{})
	}
	return nil
}
