package search

import (
	"math"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// The dialogue repeated gives the same points, as with the other learners, of which a few hundred dialogues
// cost less.
func TestGaussianRepeatsItself(t *testing.T) {
	for source, pending := range map[string]int{
		"{method: gp, run_cap: 45, " + orderly + "}":                                       1,
		`{method: gp, run_cap: 60, metric: {name: y, goal: maximize}, ` + everything + `}`: 30,
	} {
		s := parse(t, source, 3)
		repeats(t, s, newEncoder(s.Space), 4, pending)
	}
}

// A Gaussian process finds the minimum of a smooth function to many digits, keeps away from where trials
// fail, and finds its way among choices and parameters that are there only sometimes.
func TestGaussianFindsTheMinimum(t *testing.T) {
	s := parse(t, "{method: gp, run_cap: 60, metric: {name: y}, program: x, parameters: {a: {min: -5.0, max: 5.0}, "+
		"b: {min: 0.0, max: 10.0}, c: {min: 1, max: 40}, d: {values: [p, q, r]}, e: {min: 0.0, max: 1.0, when: d == 'q'}}}", 5)
	m, _ := New(s)
	best, failed := math.Inf(1), 0
	for i := range s.Trials {
		point, _ := m.Ask(i)
		a, b, c := point[0].Value.(float64), point[1].Value.(float64), float64(point[2].Value.(int64))
		if a > 2 {
			failed++
			m.Tell(i, Outcome{State: sweep.Failed})
			continue
		}
		y := (a-1.5)*(a-1.5) + (b-7)*(b-7) + (c-30)*(c-30)/16
		switch e, there := point.Lookup("e"); {
		case there:
			y += (e.(float64) - 0.5) * (e.(float64) - 0.5)
		default:
			y++
		}
		best = min(best, y)
		m.Tell(i, Outcome{State: sweep.Succeeded, Known: true, Value: y})
	}
	if best > 0.01 || failed > 18 {
		t.Errorf("it came to %.3g, and %d of 60 trials failed", best, failed)
	}
}
