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

// What a trial was given it ran with, also where the method would give it something else now: another version of kaon,
// or another processor's arithmetic. The model learns at the point that was evaluated.
func TestPointsOutliveTheMethodThatChoseThem(t *testing.T) {
	log := func(method string, seed int) (*Log, Method) {
		spec, err := sweep.Parse("s.yaml", fmt.Appendf(nil, "method: %s\nseed: %d\nrun_cap: 40\nmetric: {name: y}\n"+
			"parameters: {x: {min: 0.0, max: 1.0}, n: {min: 1, max: 9}, z: {values: [a, 2, [3, {k: 0.5}]]}}\ncommand: [true]\n", method, seed))
		if err != nil {
			t.Fatal(err)
		}
		m, err := New(spec)
		if err != nil {
			t.Fatal(err)
		}
		return NewLog(m, method), m
	}
	point := func(h *Log, trial int) string {
		p, _, err := h.Ask(trial)
		if err != nil {
			t.Fatal(err)
		}
		return textOf(p)
	}
	for _, method := range []string{"tpe", "gp"} {
		before, _ := log(method, 1)
		outcome := func(trial int) Outcome { return Outcome{sweep.Succeeded, float64(trial), true} }
		restored := func(seed int) (*Log, Method) {
			h, m := log(method, seed)
			for trial := range 20 {
				h.Restore(trial, before.Steps(trial), outcome(trial))
			}
			if err := h.Replay(); err != nil {
				t.Fatal(err)
			}
			return h, m
		}
		for trial := range 20 {
			point(before, trial)
			if trial < 15 {
				before.Tell(trial, outcome(trial))
			}
		}
		same, _ := restored(1)
		after, m := restored(2)
		for trial := range 20 {
			if got, want := point(after, trial), point(before, trial); got != want || after.Steps(trial) != before.Steps(trial) {
				t.Errorf("%s: trial %d has %s, and ran with %s", method, trial, got, want)
			}
		}
		if got, want := point(same, 20), point(before, 20); got != want {
			t.Errorf("%s: the same kaon goes on with %s, want %s", method, got, want)
		}
		for trial := 15; trial < 20; trial++ {
			after.Tell(trial, outcome(trial))
		}
		known := map[string]bool{}
		h := historyOf(t, m)
		for _, a := range h.done {
			p, _, _ := h.encoder.decode(slices.Clone(a.u))
			known[textOf(p)] = true
		}
		for trial := range 20 {
			if p, _, _ := after.Ask(trial); len(h.flying) > 0 || !known[textOf(settled(h, p))] {
				t.Errorf("%s: of what trial %d evaluated nothing was learnt; %d in flight", method, trial, len(h.flying))
			}
		}
	}
}

// settled is a point as an encoder has it.
func settled(h *history, p sweep.Point) sweep.Point {
	u, _, _ := h.encoder.coordinates(p)
	q, _, _ := h.encoder.decode(u)
	return q
}

func historyOf(t *testing.T, m Method) *history {
	t.Helper()
	switch m := m.(type) {
	case *tpe:
		return m.history
	case *gaussian:
		return m.history
	}
	t.Fatalf("%T has no history", m)
	return nil
}
