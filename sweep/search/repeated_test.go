package search

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// Points run several times, and a method that learns hears of each once, of what it is ranked by.
func TestRepeatedPointsAreToldOnce(t *testing.T) {
	spec := parsed(t, `
method: tpe
run_cap: 92
repeat: {trials: 3, rank: median}
program: x
metric: {name: loss}
parameters: {x: {min: 0.0, max: 1.0}}
try: [{x: 0.5}]
`)
	if spec.Trials != 90 || spec.Points() != 30 {
		t.Fatalf("%d trials of %d points", spec.Trials, spec.Points())
	}
	m, _ := New(spec)
	seen := map[string]int{}
	for i := range spec.Trials {
		p, _ := m.Ask(i)
		text, _ := json.Marshal(p)
		seen[string(text)]++
		o := Outcome{State: sweep.Succeeded, Known: true, Value: []float64{1, 5, 3}[i%3] + float64(i/3)}
		if i/3 == 4 && i%3 > 0 {
			o = Outcome{State: sweep.Failed}
		}
		m.Tell(i, o)
	}
	if len(seen) != 30 {
		t.Errorf("%d different points", len(seen))
	}
	h := m.(*repeated).Method.(*tried).Method.(*tpe).history
	if len(h.done) != 30 || h.done[0].index != 0 || h.done[0].loss != 3 || h.done[1].loss != 4 || !math.IsInf(h.done[29].loss, 1) ||
		h.done[29].index != 4 {
		t.Errorf("%d points were told, the best %+v, the worst %+v", len(h.done), h.done[0], h.done[29])
	}
}

// What was asked and told of repeated points is repeated after a crash, and the search goes on as it would have.
func TestRepeatedPointsAreRestored(t *testing.T) {
	spec := parsed(t, `
method: tpe
run_cap: 90
repeat: 3
program: x
metric: {name: loss}
parameters: {x: {min: 0.0, max: 1.0}, y: {values: [a, b, c]}}
`)
	outcome := func(i int) Outcome { return Outcome{State: sweep.Succeeded, Known: true, Value: float64(i*i%37) / 7} }
	play := func(l *Log, from, to int) (all []string) {
		for i := from; i < to; i++ {
			p, _, err := l.Ask(i)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := json.Marshal(p)
			all = append(all, string(text))
			if i >= 5 {
				l.Tell(i-5, outcome(i-5))
			}
		}
		return all
	}
	m, _ := New(spec)
	whole := NewLog(m, "tpe")
	want := play(whole, 0, 90)
	m, _ = New(spec)
	first := NewLog(m, "tpe")
	play(first, 0, 47)
	m, _ = New(spec)
	second := NewLog(m, "tpe")
	for i := 46; i >= 0; i-- {
		second.Restore(i, first.Steps(i), outcome(i))
	}
	if err := second.Replay(); err != nil {
		t.Fatal(err)
	}
	for i, got := range play(second, 47, 90) {
		if got != want[47+i] {
			t.Fatalf("trial %d runs %s, and %s undisturbed", 47+i, got, want[47+i])
		}
	}
}
