package server

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep"
)

// A call to forget a sweep that is cut off at any moment, as by a client that goes, harms nobody else; called again it forgets.
func TestAttackForgettingCutOff(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	var sweeps []*Sweep
	for i := range 6 {
		sweeps = append(sweeps, w.submit(s, fmt.Sprint("s", i), w.spec(fmt.Sprint("s", i, ".yaml"), three)))
	}
	for i, sw := range sweeps {
		w.ends(sw, sweep.PhaseSucceeded)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = s.Release(ctx, sw.ID())
		}()
		for range i * 2000 {
			_ = ctx.Err() // a little later each time
		}
		cancel()
		<-ended
		if err := s.forget(t.Context(), sw.ID(), false); err != nil && !errors.Is(err, scheduler.ErrUnknown) {
			t.Error(err)
		}
		if err := s.discard(ctx, sw, false); err != nil { // as when it is cut off right behind the scheduler's answer
			t.Error(err)
		}
		if err := s.Release(t.Context(), sw.ID()); err != nil && !errors.Is(err, scheduler.ErrUnknown) {
			t.Errorf("released again: %v", err)
		}
	}
	if err := s.Err(); err != nil {
		t.Fatalf("the server is gone: %v", err)
	}
	w.ends(w.submit(s, "next", w.spec("next.yaml", three)), sweep.PhaseSucceeded)
}
