package bench

import (
	"bytes"
	"encoding/xml"
	"math"
	"strings"
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

// Minima of functions whose parameters are no vector.
func TestDiscreteFunctionsHaveTheirMinima(t *testing.T) {
	number := func(name string, v any) sweep.Param { return sweep.Param{Name: name, Value: v} }
	all := sweep.Point{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		all = append(all, number(name, "q"))
	}
	at := map[string]sweep.Point{
		"integers": {number("width", int64(32)), number("depth", int64(8)), number("heads", int64(4)), number("warmup", int64(50))},
		"choices":  all,
	}
	for _, f := range Functions() {
		if p, there := at[f.Name]; there && f.value(p) != f.Least {
			t.Errorf("%s is %v at its minimum, want %v", f.Name, f.value(p), f.Least)
		}
	}
}

// The picture has a panel for each function and a line for each method in it, which falls.
func TestRegretPicture(t *testing.T) {
	var curves []Curve
	err := Search(SearchConfig{
		Methods: []string{"random", "tpe"}, Functions: []string{"branin", "choices"}, Evaluations: []int{30}, Pending: 2, Seeds: 3,
		Curve: func(c Curve) { curves = append(curves, c) },
	}, func(SearchRow) error { return nil })
	if err != nil || len(curves) != 4 {
		t.Fatalf("%v, %d curves", err, len(curves))
	}
	for _, c := range curves {
		for i, q := range c.Quartiles {
			if q[0] > q[1] || q[1] > q[2] || i > 0 && q[1] > c.Quartiles[i-1][1] {
				t.Errorf("%s on %s: %v after %v", c.Method, c.Function, q, c.Quartiles[max(i-1, 0)])
			}
		}
	}
	var svg bytes.Buffer
	if err := RegretPicture(&svg, curves, 2, 3); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(svg.Bytes(), new(struct{})); err != nil {
		t.Errorf("the picture is no XML: %v", err)
	}
	for what, want := range map[string]int{"<polyline": 4, ">branin<": 1, ">choices<": 1, "NaN": 0, "Inf": 0} {
		if got := strings.Count(svg.String(), what); got != want {
			t.Errorf("%d × %s, want %d", got, what, want)
		}
	}
	if RegretPicture(&svg, nil, 1, 1) == nil {
		t.Error("no curves were drawn")
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
