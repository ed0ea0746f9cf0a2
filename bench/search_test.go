package bench

import (
	"math"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// The minima are where the literature has them.
func TestFunctionsHaveTheirMinima(t *testing.T) {
	at := map[string][]float64{
		"branin": {math.Pi, 2.275}, "hartmann6": {0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573},
		"levy4": {1, 1, 1, 1}, "rosenbrock4": {1, 1, 1, 1}, "ackley5": {0, 0, 0, 0, 0},
	}
	for _, f := range Functions() {
		x, there := at[f.Name]
		if !there {
			continue
		}
		p := sweep.Point{}
		for _, v := range x {
			p = append(p, sweep.Param{Name: "x", Value: v})
		}
		if got := f.value(p); math.Abs(got-f.Least) > 1e-5 {
			t.Errorf("%s is %v at its minimum, want %v", f.Name, got, f.Least)
		}
	}
}

// Regrets fall, are the same for the same seeds, and TPE's are below those of chance.
func TestSearch(t *testing.T) {
	measure := func() (rows []SearchRow) {
		err := Search(SearchConfig{
			Methods: []string{"random", "tpe"}, Functions: []string{"branin", "mixed"}, Evaluations: []int{10, 60},
			Pending: 5, Seeds: 5,
		}, func(r SearchRow) error {
			r.MsPerAsk, r.SecondsPerAsk = 0, 0
			rows = append(rows, r)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows, again := measure(), measure()
	for i, r := range rows {
		if r != again[i] {
			t.Errorf("%+v, and again %+v", r, again[i])
		}
		if r.Evaluations == 60 && (r.MedianRegret > rows[i-1].MedianRegret || r.MedianRegret < 0) {
			t.Errorf("%+v after %+v", r, rows[i-1])
		}
		if r.Method == "tpe" && r.Evaluations == 60 && r.MedianRegret > rows[i-2].MedianRegret {
			t.Errorf("%+v is no better than %+v", r, rows[i-2])
		}
	}
	err := Search(SearchConfig{Methods: []string{"tpe"}, Functions: []string{"nope"}, Evaluations: []int{1}, Pending: 1, Seeds: 1}, nil)
	if err == nil {
		t.Error("an unknown function was measured")
	}
}

// anchors are the median regrets of Optuna 5.0.0's TPE after 100 trials, which kaon's stays below.
var anchors = map[string]float64{"branin": 0.018, "hartmann6": 0.09, "levy4": 0.13, "rosenbrock4": 29, "ackley5": 5}

// TPE is no worse than its peers' after 100 trials, but for chance: Hartmann6 and Levy4 have a second best
// valley in which a seed may end.
func TestTPEReachesItsAnchors(t *testing.T) {
	for name, anchor := range anchors {
		err := Search(SearchConfig{
			Methods: []string{"tpe"}, Functions: []string{name}, Evaluations: []int{100}, Pending: 1, Seeds: 15,
		}, func(r SearchRow) error {
			if r.MedianRegret > 1.25*anchor {
				t.Errorf("%s: %.3g, Optuna %.3g", name, r.MedianRegret, anchor)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
