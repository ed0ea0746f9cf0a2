package search

import (
	"fmt"
	"math"
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

// resumable is the search of a spec, and its log.
func resumable(t *testing.T, method string, seed int, more string) (*Log, Method) {
	t.Helper()
	spec, err := sweep.Parse("s.yaml", fmt.Appendf(nil, "method: %s\nseed: %d\nrun_cap: 40\nmetric: {name: y}\n"+
		"parameters: {x: {min: 0.0, max: 1.0}, n: {min: 1, max: 9}}\ncommand: [true]\n%s", method, seed, more))
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return NewLog(m, method), m
}

// historyOf is what a method that learns remembers, whatever is around it.
func historyOf(t *testing.T, m Method) *history {
	t.Helper()
	switch m := m.(type) {
	case *tried:
		return historyOf(t, m.Method)
	case *repeated:
		return historyOf(t, m.Method)
	case *tpe:
		return m.history
	case *gaussian:
		return m.history
	case *cma:
		return m.history
	}
	t.Fatalf("%T has no history", m)
	return nil
}

func pointOf(t *testing.T, h *Log, trial int) sweep.Point {
	t.Helper()
	p, _, err := h.Ask(trial)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What a trial was given it ran with, also where the method would give it something else now: another version of kaon,
// or another processor's arithmetic. The model learns at the point that was evaluated.
func TestPointsOutliveTheMethodThatChoseThem(t *testing.T) {
	for _, c := range []struct{ method, more string }{
		{"tpe", ""}, {"gp", ""}, {"cma-es", ""}, {"tpe", "try: [{n: 3}, {x: 0.5, n: 4}]\n"}, {"cma-es", "repeat: 2\n"}, {"gp", "repeat: 4\n"},
	} {
		t.Run(c.method+" "+c.more, func(t *testing.T) {
			outcome := func(trial int) Outcome { return Outcome{sweep.Succeeded, float64(trial), true} }
			before, _ := resumable(t, c.method, 1, c.more)
			for trial := range 20 {
				pointOf(t, before, trial)
				if trial < 15 {
					before.Tell(trial, outcome(trial))
				}
			}
			after, m := resumable(t, c.method, 2, c.more)
			for trial := range 20 {
				after.Restore(trial, before.Steps(trial), outcome(trial))
			}
			if err := after.Replay(); err != nil {
				t.Fatal(err)
			}
			for trial := range 20 {
				got, want := textOf(pointOf(t, after, trial)), textOf(pointOf(t, before, trial))
				if got != want || after.Steps(trial) != before.Steps(trial) {
					t.Errorf("trial %d has %s, and ran with %s", trial, got, want)
				}
			}
			for trial := 15; trial < 20; trial++ {
				after.Tell(trial, outcome(trial))
			}
			h := historyOf(t, m)
			for trial := range 20 {
				u, active, ok := h.encoder.encode(pointOf(t, after, trial))
				known := slices.ContainsFunc(h.done, func(a *asked) bool { return a.isNear(u, active) })
				if !ok || !known || len(h.flying) > 0 {
					t.Errorf("of what trial %d evaluated nothing was learnt; %d in flight", trial, len(h.flying))
				}
			}
		})
	}
}

// Where arithmetic rounds otherwise a search goes on where it stood.
func TestSearchGoesOnAfterOtherRounding(t *testing.T) {
	for _, method := range []string{"tpe", "gp", "cma-es"} {
		outcome := func(h *Log, trial int) Outcome {
			x, _ := pointOf(t, h, trial).Lookup("x")
			return Outcome{sweep.Succeeded, math.Abs(x.(float64) - 0.3), true}
		}
		before, _ := resumable(t, method, 1, "")
		for trial := range 30 {
			pointOf(t, before, trial)
			before.Tell(trial, outcome(before, trial))
		}
		after, _ := resumable(t, method, 1, "")
		for trial := range 30 {
			s, p := before.Steps(trial), slices.Clone(pointOf(t, before, trial))
			p[0].Value = math.Nextafter(p[0].Value.(float64), 0.5)
			s.Point = textOf(p)
			after.Restore(trial, s, outcome(before, trial))
		}
		if err := after.Replay(); err != nil {
			t.Fatal(err)
		}
		a, _ := pointOf(t, before, 30).Lookup("x")
		b, _ := pointOf(t, after, 30).Lookup("x")
		if math.Abs(a.(float64)-b.(float64)) > 1e-6 {
			t.Errorf("%s goes on with %v, and was to with %v", method, b, a)
		}
	}
}
