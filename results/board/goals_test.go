package board

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

func minimized(n int) (goals []sweep.Metric) {
	for k := range n {
		goals = append(goals, sweep.Metric{Name: fmt.Sprint("m", k), Goal: sweep.Minimize})
	}
	return goals
}

func frontOf(rows ...[]float64) (all []ParetoPoint) {
	for i, row := range rows {
		p := ParetoPoint{Trial: i}
		for _, v := range row {
			p.Values = append(p.Values, results.Number(v))
		}
		all = append(all, p)
	}
	return all
}

// The values are worked out by hand. The front of the test problem ZDT1, y = 1 - sqrt(x), dominates 2/3 of the unit
// square.
func TestHypervolumesThatAreKnown(t *testing.T) {
	var zdt1 [][]float64
	const n = 10_000
	for i := range n + 1 {
		x := float64(i) / n
		zdt1 = append(zdt1, []float64{x, 1 - math.Sqrt(x)})
	}
	for _, c := range []struct {
		from []float64
		rows [][]float64
		want float64
	}{
		{[]float64{2, 2}, [][]float64{{1, 1}}, 1},
		{[]float64{4, 4}, [][]float64{{1, 3}, {2, 2}, {3, 1}}, 6},
		{[]float64{4, 4}, [][]float64{{1, 3}, {2, 2}, {3, 1}, {5, 0}}, 6},
		{[]float64{4, 4}, [][]float64{{1, 3}, {1, 3}, {4, 1}}, 3},
		{[]float64{2, 2, 2}, [][]float64{{1, 1, 1}}, 1},
		{[]float64{2, 2, 2}, [][]float64{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}}, 4},
		{[]float64{2, 2, 2, 2}, [][]float64{{0, 1, 1, 1}, {1, 0, 1, 1}, {1, 1, 0, 1}, {1, 1, 1, 0}}, 5},
		{[]float64{1, 1}, zdt1, 2.0 / 3},
		{[]float64{1, 1}, nil, 0},
	} {
		got, ok := hypervolume(frontOf(c.rows...), c.from, minimized(len(c.from)))
		if !ok || math.Abs(got-c.want) > 1e-4 {
			t.Errorf("%v from %v: %v (%v), want %v", len(c.rows), c.from, got, ok, c.want)
		}
	}
	large := make([][]float64, 600)
	for i := range large {
		large[i] = []float64{float64(i), 1, 1, 1}
	}
	if _, ok := hypervolume(frontOf(large...), []float64{9, 9, 9, 9}, minimized(4)); ok {
		t.Error("a front of 600 with four goals would take minutes")
	}
}

// Monte Carlo: of points drawn below the reference, the share that some point of the front dominates.
func TestHypervolumeIsTheShareOfPointsDominated(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for m := 2; m <= 5; m++ {
		goals := minimized(m)
		goals[1].Goal = sweep.Maximize
		for range 4 {
			var rows [][]float64
			for range 12 {
				row := make([]float64, m)
				for k := range row {
					row[k] = r.Float64()
				}
				rows = append(rows, row)
			}
			from := make([]float64, m)
			for k := range from {
				if from[k] = 1; goals[k].Goal == sweep.Maximize {
					from[k] = 0
				}
			}
			all := frontOf(rows...)
			got, _ := hypervolume(paretoFront(slices.Clone(all), goals), from, goals)
			const draws = 40_000
			hits := 0
			for range draws {
				x := make([]results.Number, m)
				for k := range x {
					x[k] = results.Number(r.Float64())
				}
				if slices.ContainsFunc(all, func(p ParetoPoint) bool { return weaklyDominates(p.Values, x, goals) }) {
					hits++
				}
			}
			share := float64(hits) / draws
			if tolerance := 5*math.Sqrt(share*(1-share)/draws) + 1e-9; math.Abs(share-got) > tolerance {
				t.Errorf("%d goals: %v, and %v of the draws", m, got, share)
			}
		}
	}
}

// drawnBoard is a board of points with several trials, two to four goals, a bound on the second and trials that failed or
// lack a metric; and the same as plain numbers, by trial and metric, NaN where there is none.
func drawnBoard(t *rapid.T) (*Board, [][]float64, int) {
	m, repeats := rapid.IntRange(2, 4).Draw(t, "goals"), rapid.IntRange(1, 3).Draw(t, "repeats")
	goals := minimized(m)
	goals[m-1].Goal = sweep.Maximize
	bound := 6.0
	goals[1].Max = &bound
	rank := rapid.SampledFrom([]sweep.Rank{"", "mean", "median", "q0.9"}).Draw(t, "rank")
	b := New(Config{Sweep: "s", Objective: goals[0], Metrics: goals[1:], Repeat: sweep.Repeat{Trials: repeats, Rank: rank}})
	var values [][]float64
	for i := range rapid.IntRange(0, 30).Draw(t, "trials") {
		row := make([]float64, m)
		metrics := map[string]float64{}
		for k := range row {
			if row[k] = math.NaN(); rapid.IntRange(0, 9).Draw(t, "there") > 0 {
				row[k] = float64(rapid.IntRange(0, 9).Draw(t, "value"))
				metrics[goals[k].Name] = row[k]
			}
		}
		state := sweep.AttemptSucceeded
		if rapid.IntRange(0, 9).Draw(t, "failed") == 0 {
			state = sweep.AttemptFailed
			for k := range row {
				row[k] = math.NaN()
			}
		}
		values = append(values, row)
		if err := b.Fold(results.Record{Sweep: "s", Trial: i, Points: []results.Point{{Metrics: metrics}},
			End: &results.End{State: state, Final: true, Points: 1}}); err != nil {
			t.Fatal(err)
		}
	}
	return b, values, repeats
}

// A dumb account of the rules: points by their ranks, feasible by their bounds, and the front by comparing all.
func TestFrontIsNondominatedAndComplete(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, values, repeats := drawnBoard(t)
		goals := append([]sweep.Metric{b.cfg.Objective}, b.cfg.Metrics...)
		type candidate struct {
			point  int
			values []float64
		}
		of := func(point, k int) (all []float64) {
			for i := point * repeats; i < min((point+1)*repeats, len(values)); i++ {
				if !math.IsNaN(values[i][k]) {
					all = append(all, values[i][k])
				}
			}
			return all
		}
		points := (len(values) + repeats - 1) / repeats
		need := 0
		for p := range points {
			need = max(need, len(of(p, 0)))
		}
		need = max(min(need, repeats/2+1), 1)
		var all []candidate
		best := -1
		for p := range points {
			c := candidate{point: p}
			complete := true
			for k := range goals {
				v := of(p, k)
				complete = complete && len(v) >= need
				if len(v) > 0 {
					c.values = append(c.values, b.cfg.Repeat.Rank.Of(v))
				} else {
					c.values = append(c.values, math.NaN())
				}
			}
			feasible := c.values[1] <= 6
			if len(of(p, 0)) >= need && feasible && (best < 0 || c.values[0] < b.mustValue(best)) {
				best = p
			}
			if complete && feasible {
				all = append(all, c)
			}
		}
		dominates := func(x, y candidate) bool {
			strictly := false
			for k, goal := range goals {
				if goal.Better(y.values[k], x.values[k]) {
					return false
				}
				strictly = strictly || goal.Better(x.values[k], y.values[k])
			}
			return strictly || x.point < y.point && slices.Equal(x.values, y.values)
		}
		var want []int
		for _, c := range all {
			if !slices.ContainsFunc(all, func(o candidate) bool { return dominates(o, c) }) {
				want = append(want, c.point)
			}
		}
		f := b.pareto()
		var got []int
		for _, p := range f.points {
			got = append(got, p.Trial/repeats)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("the front is %v, want %v", got, want)
		}
		r, ok := b.Best()
		if ok != (best >= 0) || ok && r.Trial/repeats != best {
			t.Fatalf("the best is %+v (%v), want point %d", r, ok, best)
		}
		w, ok := b.Winner()
		if ok && (w.Trial != r.Trial || w.Value != r.Value || repeats > 1 && w.Repeat.Point != best) {
			t.Fatalf("the winner is %+v, the best %+v", w, r)
		}
	})
}

func (b *Board) mustValue(point int) float64 {
	v, _ := b.pointValue(point, 0)
	return v
}

// Infeasible trials are behind feasible ones, and never win.
func TestInfeasibleTrialsNeverWin(t *testing.T) {
	bound := 20.0
	b := New(Config{Sweep: "s", Objective: sweep.Metric{Name: "loss"}, Metrics: []sweep.Metric{{Name: "latency_ms", Max: &bound}}})
	for i, row := range []map[string]float64{{"loss": 1, "latency_ms": 21}, {"loss": 3, "latency_ms": 20}, {"loss": 2, "latency_ms": 1},
		{"loss": 0}, {"loss": 0.5, "latency_ms": math.NaN()}} {
		_ = b.Fold(results.Record{Sweep: "s", Trial: i, Points: []results.Point{{Metrics: row}},
			End: &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1}})
	}
	var order []int
	for t := range b.Trials(Query{Sort: "value"}) {
		order = append(order, t.Trial)
	}
	best, _ := b.Best()
	s := b.Summary()
	if best.Trial != 2 || !slices.Equal(order, []int{2, 1, 3, 4, 0}) || *s.Infeasible != 3 || len(s.Top) != 2 || len(s.History) != 2 {
		t.Errorf("best %v, order %v, infeasible %d, top %v, history %v", best, order, *s.Infeasible, s.Top, s.History)
	}
	one, _ := b.Trial(0)
	if *one.Feasible || one.Violations[0].String() != "latency_ms is 21, and is to be at most 20" {
		t.Errorf("%v %v", *one.Feasible, one.Violations)
	}
	three, _ := b.Trial(3)
	if three.Violations[0].String() != "latency_ms was not reported, and is to be at most 20" {
		t.Errorf("%v", three.Violations)
	}
}
