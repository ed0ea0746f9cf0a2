package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/timer"
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
	}
	finish := sw.finish(stored)
	close(ending)
	sw.server.finishing.Go(crash.Func(finish))
}

// finish is what stores the end of a sweep and removes what it does not keep, as far as that is not done, behind what
// did so before. Stored is closed when the end is stored, or never will be; what is called off leaves it open.
func (sw *Sweep) finish(stored chan struct{}) func() {
	s := sw.server
	ctx, stop := context.WithCancel(s.finishCtx)
	over := make(chan struct{})
	sw.mu.Lock()
	before := sw.mu.finishing
	sw.mu.finishing = finishing{stop, over}
	sw.mu.Unlock()
	return func() {
		defer stop()
		defer close(over)
		if before.over != nil {
			<-before.over
		}
		select {
		case <-stored:
		default:
			sw.restSampler()
			out, err := sw.end(), sw.lost
			switch {
			case err != nil:
			case sw.guessed:
				err = sw.endAsStored(ctx, &out)
			default:
				err = sw.storeEnd(ctx, out)
			}
			if err != nil && ctx.Err() != nil && s.finishCtx.Err() == nil { // it is to be deleted
				return
			}
			sw.settle(stored, out, err)
		}
		sw.mu.Lock()
		err := sw.mu.err
		sw.mu.Unlock()
		if err == nil {
			sw.prune(ctx)
		}
		if ctx.Err() == nil {
			s.loop.Enqueue(scheduler.EndStored{Sweep: sw.id})
		}
	}
}

// endAsStored has a sweep whose spec is a stand-in end with the winner that the results have. It fails where they do
// not have its end, and leaves them as they are.
func (sw *Sweep) endAsStored(ctx context.Context, out *Outcome) error {
	b := sw.server.cfg.Bucket
	out.Winner = nil
	if known, err := store.ReadSweep(ctx, b, sw.id); err != nil || known.Finished == "" {
		return sw.damage
	}
	winner, err := store.ReadWinner(ctx, b, sw.id)
	switch {
	case err == nil:
		out.Winner = &winner
	case !errors.Is(err, bucket.ErrNotExist):
		return errors.Join(sw.damage, err)
	}
	return nil
}

// settle has those who wait for the end of a sweep know it, unless they do.
func (sw *Sweep) settle(stored chan struct{}, out Outcome, err error) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	select {
	case <-stored:
	default:
		sw.mu.outcome, sw.mu.err = out, classify(err)
		close(stored)
	}
}

// finishAgain goes on with what finished cut off. Of a server that closes the next process does.
func (sw *Sweep) finishAgain() {
	s := sw.server
	sw.mu.Lock()
	stored := sw.mu.stored
	sw.mu.Unlock()
	s.mu.Lock()
	closed := s.mu.closed
	if !closed {
		s.finishing.Add(1)
	}
	s.mu.Unlock()
	if closed {
		sw.settle(stored, sw.end(), context.Canceled)
		return
	}
	finish := sw.finish(stored)
	crash.Go(func() {
		defer s.finishing.Done()
		finish()
	})
}

// troubleAgain is how often it is looked whether the results take an end.
const troubleAgain = 20 * time.Millisecond

// takesEnd waits until the end of a sweep is stored. Where the results do not take it, so that it is tried for as long
// as that lasts, the error says so at once.
func (sw *Sweep) takesEnd(ctx context.Context) error {
	for {
		once, cancel := context.WithTimeout(ctx, troubleAgain)
		_, err := sw.Wait(once)
		past := once.Err() != nil
		cancel()
		switch trouble := sw.Trouble(); {
		case err == nil || !past || ctx.Err() != nil:
			return classify(err)
		case trouble != nil:
			return unreachable(fmt.Errorf("sweep %s has ended, and the results do not take its end now: %w; nothing "+
				"was changed; make room "+
				"there or have them reached, and try again", sw.id, trouble))
		}
	}
}

// storeEnd stores what a sweep leaves behind, for as long as the results do not take it and ctx lasts. It gives up
// where trying on cannot help: the sweep's results were deleted, damaged, have folders where files should be, or would
// be larger than what is read.
func (sw *Sweep) storeEnd(ctx context.Context, out Outcome) error {
	for n := 1; ; n++ {
		once, cancel := context.WithTimeout(ctx, storeTimeout)
		err := sw.store(once, out)
		cancel()
		before := sw.setTrouble(err)
		switch {
		case err == nil && before != nil:
			sw.server.cfg.Log.Info("results take the end of the sweep now", "sweep", sw.id, "tries", n)
			return nil
		case err == nil || ctx.Err() != nil || stays(err):
			return err
		case before == nil:
			sw.server.cfg.Log.Warn("results do not take the end of the sweep, trying on", "sweep", sw.id, "err", err)
			sw.say("the results do not take the end of %s now: %v; trying on", sw.id, err)
		}
		if !timer.Sleep(ctx, bucket.EndlessBackoff.Wait(n)) {
			return err
		}
	}
}

// stays reports whether no further try can store an end.
func stays(err error) bool {
	return slices.ContainsFunc([]error{
		bucket.ErrNotExist, bucket.ErrTooLarge, store.ErrDamaged, scheduler.ErrUnknown, fs.ErrExist, syscall.EISDIR,
		syscall.ENOTDIR, syscall.ENOTEMPTY,
	}, func(one error) bool { return errors.Is(err, one) })
}

// storeTimeout is how long one try to store an end may take.
const storeTimeout = 2 * time.Minute

// setTrouble notes why the end is not stored, and answers what was noted before.
func (sw *Sweep) setTrouble(err error) (before error) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	before, sw.mu.trouble = sw.mu.trouble, err
	return before
}

// store writes what a sweep leaves behind: board, winner, and that it has ended.
func (sw *Sweep) store(ctx context.Context, out Outcome) error {
	if err := sw.writer.Flush(ctx); err != nil { // what says that it has ended comes behind what it is about
		return err
	}
	b, summary := sw.server.cfg.Bucket, sw.Summary()
	var unwritten error
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
			unwritten = store.WriteWinner(ctx, b, *out.Winner)
		}
		unwritten = errors.Join(unwritten, store.WriteBoard(ctx, b, summary))
		return unwritten == nil // what says that it has ended comes last
	})
	return errors.Join(unwritten, written)
}

// prune removes what the sweep does not keep: half-received files, and the artifacts that its policy drops, which
// sweep.json lists then. The sweep's end is stored before. If pruning is interrupted, the next process that opens the
// sweep finishes it; what is left until then does no harm.
func (sw *Sweep) prune(ctx context.Context) {
	err := sw.staging.FileServer.Remove(ctx)
	sw.mu.Lock()
	keep := kept(sw.mu.board, sw.Spec().Artifacts.Top)
	sw.mu.Unlock()
	if keep != nil {
		_, _, pruned := store.Prune(ctx, sw.server.cfg.Bucket, sw.id, keep)
		err = errors.Join(err, pruned)
	}
	if keep != nil && err == nil && ctx.Err() == nil {
		sw.note(ctx, func(known *store.Sweep) bool {
			if !known.Prunes || known.Pruned != "" {
				return false
			}
			known.Pruned = now()
			return true
		})
	}
	if ctx.Err() != nil && sw.server.finishCtx.Err() == nil { // it goes on, or is deleted
		err = nil
	}
	if err != nil {
		sw.server.cfg.Log.Warn("what a sweep does not keep is not all removed", "sweep", sw.id, "err", err)
	}
	sw.mu.Lock()
	sw.mu.unremoved = err
	sw.mu.Unlock()
}

// Unremoved is why files that the sweep does not keep are still in the results, as far as this process has tried to
// remove them; nil: none are.
func (sw *Sweep) Unremoved() error {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	return sw.mu.unremoved
}

// finished waits until nothing is stored or removed any more of a sweep that has ended; with stop that is cut off,
// until finishAgain.
func (sw *Sweep) finished(ctx context.Context, stop bool) error {
	sw.mu.Lock()
	f := sw.mu.finishing
	sw.mu.Unlock()
	if f.over == nil {
		return nil
	}
	if stop {
		f.stop()
	}
	select {
	case <-f.over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// kept says whose artifacts of a sweep stay; nil: everybody's.
func kept(all *board.Board, top int) func(trial, attempt int) bool {
	if top == 0 {
		return nil
	}
	type attempt struct{ trial, number int }
	keep := map[attempt]bool{}
	if best, ok := all.Best(); ok {
		keep[attempt{best.Trial, best.Attempt}] = true
	}
	if top == sweep.KeepWinners {
		for _, c := range all.Pareto() {
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
