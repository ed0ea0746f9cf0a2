package search

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

func parse(t testing.TB, text string, seed uint64) *sweep.Spec {
	t.Helper()
	s, err := sweep.Parse("test.yaml", []byte(text), sweep.WithSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// discrepancy is how far the share of points below any of the points is from the volume there: a lower
// bound of the star discrepancy, in the plane.
func discrepancy(points [][2]float64) float64 {
	worst := 0.0
	for _, corner := range points {
		inside := 0
		for _, p := range points {
			if p[0] <= corner[0] && p[1] <= corner[1] {
				inside++
			}
		}
		worst = max(worst, math.Abs(float64(inside)/float64(len(points))-corner[0]*corner[1]))
	}
	return worst
}

// Sequences and designs cover the plane more evenly than chance does, whatever the seed.
func TestDesignsAreEven(t *testing.T) {
	const n = 256
	of := func(method string, seed uint64) float64 {
		m, err := New(parse(t, fmt.Sprintf("{method: %s, run_cap: %d, program: x, parameters: {a: {min: 0.0, max: 1.0}, "+
			"b: {min: 0.0, max: 1.0}}}", method, n), seed))
		if err != nil {
			t.Fatal(err)
		}
		points := make([][2]float64, n)
		for i := range points {
			p, _ := m.Ask(i)
			points[i] = [2]float64{p[0].Value.(float64), p[1].Value.(float64)}
		}
		return discrepancy(points)
	}
	for method, most := range map[string]float64{"sobol": 0.03, "halton": 0.04, "lhs": 0.08} {
		for seed := range uint64(5) {
			if got := of(method, seed); got > most {
				t.Errorf("%s of seed %d has a discrepancy of %.3f, want at most %.3f", method, seed, got, most)
			}
		}
	}
}

// Every power of two of scrambled Sobol points has one in each of as many strips, in every dimension of the
// table: a wrong direction number would show.
func TestSobolStrips(t *testing.T) {
	const n = 64
	s := sobol{seed: 5}
	if len(columns()) != sweep.SobolDimensions {
		t.Fatalf("the table has %d dimensions", len(columns()))
	}
	for k := range sweep.SobolDimensions {
		seen := [n]bool{}
		for i := range uint64(n) {
			seen[int(s.at(i, k)*n)] = true
		}
		for strip, there := range seen {
			if !there {
				t.Fatalf("dimension %d has no point in strip %d", k, strip)
			}
		}
	}
	for k := range 8 { // pairs of the first dimensions: squares, too
		seen := map[[2]int]bool{}
		for i := range uint64(1 << 14) {
			seen[[2]int{int(s.at(i, k) * 32), int(s.at(i, k+1) * 32)}] = true
		}
		if len(seen) != 32*32 {
			t.Errorf("dimensions %d and %d reach %d of 1024 squares", k, k+1, len(seen))
		}
	}
}

func TestHypercubeHasOneTrialInEachStratum(t *testing.T) {
	const n = 101
	h := hypercube{seed: 3, trials: n}
	for k := range 5 {
		seen := [n]bool{}
		for i := range uint64(n) {
			seen[int(h.at(i, k)*n)] = true
		}
		for stratum, there := range seen {
			if !there {
				t.Errorf("stratum %d of dimension %d is empty", stratum, k)
			}
		}
	}
}

func TestShuffledGridWalksEveryPointOnce(t *testing.T) {
	for _, text := range []string{
		"{method: grid, order: shuffled, program: x, parameters: {a: {min: 1, max: 50}, b: {values: [x, y]}}}",
		`{method: grid, order: shuffled, program: x, parameters: {a: {min: 1, max: 50}, b: {values: [x, y], when: a > 9}}, constraints: ["a != 3"]}`,
	} {
		s := parse(t, text, 1)
		m, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		seen, inOrder := map[string]bool{}, true
		for i := range s.Trials {
			p, _ := m.Ask(i)
			seen[fmt.Sprint(p)] = true
			inOrder = inOrder && fmt.Sprint(p) == fmt.Sprint(s.Space.At(big.NewInt(int64(i))))
		}
		if len(seen) != s.Trials || inOrder {
			t.Errorf("%d points of %d, in order: %v", len(seen), s.Trials, inOrder)
		}
	}
}

// A point has the coordinates that it was made from, but for where in its cell, and back.
func TestEncodeIsTheInverseOfDecode(t *testing.T) {
	s := parse(t, "{method: random, "+everythingInside+"}", 1)
	e := newEncoder(s.Space)
	for i := range 300 {
		u := make([]float64, len(e.axes))
		for k := range u {
			u[k] = sweep.RandomNumber(7, i, 0, k)
		}
		p, active, ok := e.decode(u)
		if !ok {
			continue
		}
		back, there, ok := e.encode(p)
		if !ok {
			t.Fatalf("%v is outside its space", p)
		}
		e.settle(u)
		for k := range u {
			if active[k] != there[k] || active[k] && math.Abs(u[k]-back[k]) > 1e-6 {
				t.Fatalf("%s of %v: %v there %v, back %v there %v", e.axes[k].Name, p, u[k], active[k], back[k], there[k])
			}
		}
	}
}

// A tried point has the key of the same point of a search, which does not run it again: to the last bit, wherever values can be equal.
func TestTriedPointsAreSeen(t *testing.T) {
	s := parse(t, `{method: tpe, run_cap: 9, metric: {name: y}, program: x, parameters: {a: {min: 1, max: 49}, b: {distribution: q_uniform, min: 0.3, max: 7.7, q: 0.1},
	c: {values: [p, q, r, s, t, v, w]}, d: {distribution: q_normal, q: 0.3}, e: {distribution: q_log_uniform_values, min: 0.01, max: 3, q: 0.01}, f: {min: 0, max: 300000},
	g: {values: [x, y, z], probabilities: [0.1, 0.2, 0.7]}, h: {min: 3, max: 13, when: c != "p"}}}`, 1)
	h := newHistory(s)
	for i := range 300 {
		u := make([]float64, len(h.encoder.axes))
		for k := range u {
			u[k] = sweep.RandomNumber(7, i, 0, k)
		}
		p, active, _, ok := h.place(u)
		if !ok || !h.accept(i, p) {
			t.Fatalf("%v is outside its space", p)
		}
		if !h.seen[h.key(u, active)] {
			for k := range u {
				if a := h.trials[i]; a.has(k) && u[k] != a.u[k] {
					t.Errorf("%s of %v is at %v, and tried at %v", h.encoder.axes[k].Name, p, u[k], a.u[k])
				}
			}
		}
	}
}

const everythingInside = `program: x, parameters: {a: {min: 0.0, max: 1.0}, b: {values: [x, y, z]}, c: {value: 3},
	d: {distribution: log_uniform_values, min: 1e-5, max: 1}, e: {distribution: normal}, f: {min: 1, max: 9, when: b == "x"},
	g: {parameters: {h: {distribution: q_uniform, min: 0.0, max: 1.0, q: 0.25}, i: {values: [8, 16, 32]}}, when: b != "z"},
	j: {values: [p, q], probabilities: [0.25, 0.75]}, k: {distribution: q_normal, q: 0.5}}, constraints: ["a < 0.5 or d > 0.001"]`
