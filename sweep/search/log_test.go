package search

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// askRecorder is a method that learns: it keeps what it was asked and told.
type askRecorder struct{ log []string }

func (r *askRecorder) Replay() bool { return true }

func (r *askRecorder) Ask(index int) (sweep.Point, bool) {
	p := sweep.Point{{Name: "x", Value: int64(index + 1000*len(r.log))}}
	r.log = append(r.log, fmt.Sprint("ask ", index))
	return p, true
}

func (r *askRecorder) Tell(index int, o Outcome) {
	r.log = append(r.log, fmt.Sprint("tell ", index, o.State, o.Value, o.Known))
}

func TestLogIsRepeatedInItsOrder(t *testing.T) {
	var first askRecorder
	h := NewLog(&first, "test")
	ask := func(h *Log, trial int, wantFresh bool) sweep.Point {
		t.Helper()
		p, fresh, err := h.Ask(trial)
		if err != nil || fresh != wantFresh {
			t.Fatalf("trial %d: fresh %v, %v", trial, fresh, err)
		}
		return p
	}
	ask(h, 0, true)
	ask(h, 1, true)
	ask(h, 0, false)
	outcomes := []Outcome{{sweep.Succeeded, 3, true}, {sweep.Failed, 7, true}}
	h.Tell(1, outcomes[1])
	ask(h, 2, true)
	h.Tell(0, outcomes[0])
	h.Tell(1, Outcome{sweep.Succeeded, 1, true}) // tried again: it was told of
	h.Tell(9, Outcome{State: sweep.Stopped})     // never asked for
	want := []string{"ask 0", "ask 1", "tell 1 failed 0 false", "ask 2", "tell 0 succeeded 3 true"}
	if !slices.Equal(first.log, want) {
		t.Fatalf("%q", first.log)
	}

	var second askRecorder
	again := NewLog(&second, "test")
	for _, trial := range []int{2, 1, 0} {
		var o Outcome
		if trial < len(outcomes) {
			o = outcomes[trial]
		}
		again.Restore(trial, h.Steps(trial), o)
	}
	if err := again.Replay(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(second.log, want) {
		t.Errorf("repeated %q, was %q", second.log, want)
	}
	for trial := range 3 {
		if again.Steps(trial) != h.Steps(trial) || ask(again, trial, false)[0] != ask(h, trial, false)[0] {
			t.Errorf("trial %d: %+v, was %+v", trial, again.Steps(trial), h.Steps(trial))
		}
	}
	if ask(h, 3, true)[0] != ask(again, 3, true)[0] || h.Steps(3) != again.Steps(3) {
		t.Error("the search goes on in another way")
	}
}

func TestLogOfAMethodThatLearnsNothing(t *testing.T) {
	spec, err := sweep.Parse("s.yaml", []byte("method: grid\nparameters: {x: {values: [1, 2]}}\ncommand: [true]\n"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	h := NewLog(m, spec.Method)
	if p, fresh, err := h.Ask(1); err != nil || fresh || len(p) != 1 {
		t.Errorf("%v, fresh %v, %v", p, fresh, err)
	}
	h.Tell(1, Outcome{State: sweep.Succeeded})
	if h.Learns() || h.Steps(1) != (Steps{}) {
		t.Error("a grid has a log")
	}
	if _, _, err := h.Ask(2); err == nil || err.Error() != "the grid search has no point for trial 2" {
		t.Errorf("point 2 of 2: %v", err)
	}
}
