package server

import (
	"context"
	"errors"

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
	sw.memo.Store(nil)
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
