package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep"
)

// alone has one caller at a time change whether a sweep is at work: Retry, Extend or Release. The sweep is still the
// server's.
func (s *Server) alone(ctx context.Context, id string) (sw *Sweep, done func(), err error) {
	sw, known := s.Sweep(id)
	if !known {
		return nil, nil, usage(fmt.Errorf("sweep %s: %w", id, scheduler.ErrUnknown))
	}
	select {
	case sw.changing <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if now, known := s.Sweep(id); !known || now != sw {
		<-sw.changing
		return nil, nil, usage(fmt.Errorf("sweep %s: %w", id, scheduler.ErrUnknown))
	}
	return sw, func() { <-sw.changing }, nil
}

// Retry runs what has failed of a sweep again. One that had ended runs anew, and its results say so.
// ErrNothingFailed: there is nothing to run again.
func (s *Server) Retry(ctx context.Context, id string) (*Sweep, error) {
	sw, done, err := s.alone(ctx, id)
	if err != nil {
		return nil, err
	}
	defer done()
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
		if err := sw.takesEnd(ctx); err != nil {
			return nil, err
		}
	}
	command := scheduler.Retry{Sweep: id}
	if err := s.loop.Check(ctx, command); err != nil {
		return nil, classify(err)
	}
	if !st.Phase.Ended() {
		sw.countFrom(st)
	}
	// retried are those that failed: what never started stays so
	return sw, classify(sw.goOn(ctx, st, sw.closed(), command))
}

// goOn hands in a command that has the sweep go on. Readers of the results see before that one which had ended runs:
// after a crash in between the scheduler says again that it has ended. A caller who goes meanwhile leaves no half of
// it, and what is refused leaves nothing. Closed is why trials that never started will not.
func (sw *Sweep) goOn(ctx context.Context, st Status, closed string, command scheduler.Command) error {
	ctx = context.WithoutCancel(ctx)
	undo := func() {}
	if st.Phase.Ended() {
		var err error
		if undo, err = sw.reopen(ctx, st, closed); err != nil {
			undo()
			return err
		}
	}
	s := sw.server
	s.driver.start()
	s.shareMachine(scheduler.Snapshot{})
	if err := s.loop.Do(ctx, command); err != nil {
		if !errors.Is(err, scheduler.ErrClosed) { // then the journal may have it
			undo()
		}
		return err
	}
	_, err := s.loop.Snapshot(ctx) // a turn later the notices have been heard
	return err
}

// reopen has readers of the results see a sweep that runs, until undo is called.
func (sw *Sweep) reopen(ctx context.Context, st Status, closed string) (undo func(), err error) {
	var was store.Sweep
	_ = sw.finished(ctx, true) // what runs now is not removed; its next end removes the rest
	before := sw.countFrom(st)
	undo = func() {
		sw.mu.Lock()
		sw.mu.endedBefore = before
		sw.mu.Unlock()
		sw.memo.Store(nil)
		sw.note(ctx, func(known *store.Sweep) bool {
			known.State, known.Finished, known.Sentence, known.Closed = was.State, was.Finished,
				was.Sentence, was.Closed
			known.Pruned = was.Pruned
			known.Over(was.Finished)
			sw.noted = false
			return was.ID != ""
		})
		sw.finishAgain()
	}
	err = sw.change(ctx, func(known *store.Sweep) bool {
		was = *known
		known.State, known.Finished, known.Sentence, known.Pruned = string(sweep.PhaseActive), "", "", ""
		known.Closed = closed
		known.Prunes = sw.Spec().Artifacts.Top != 0 // kaon did not always say
		if !sw.noted {
			known.Began(thisRun(sw.server.cfg.Command, sw.Spec()))
			sw.noted = true
		}
		return true
	})
	if err == nil {
		err = sw.rememberAnew(ctx)
	}
	return undo, err
}

// countFrom has what ends from now on count as this process's, and answers what had ended before as it was.
func (sw *Sweep) countFrom(st Status) (before int) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	before, sw.mu.endedBefore = sw.mu.endedBefore, st.Counts.Ended()-st.Counts.Stopped-st.Counts.Failed
	return before
}

// onSweepStarted has those who wait for a sweep that goes on wait for its new end. It is called by the loop.
func (sw *Sweep) onSweepStarted() {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	select {
	case <-sw.mu.ending:
		sw.mu.ending, sw.mu.stored = make(chan struct{}), make(chan struct{})
	default:
	}
}
