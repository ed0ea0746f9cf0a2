package board_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// naming is records of so many trials, each of which reports the objective and, point by point, names of its own.
func naming(trials, names int) (all []results.Record) {
	const each = 50 // names of a point
	for trial := range trials {
		n := 0
		for from := 0; from < names; from += each {
			p := results.Point{Step: int64(n), Metrics: map[string]float64{"accuracy": float64(trial), "loss": 1, "common": 2}}
			for i := range min(each, names-from) {
				p.Metrics[fmt.Sprintf("weights/%d/%d", trial, from+i)] = 3
			}
			all = append(all, results.Record{Sweep: "s", Trial: trial, Attempt: 1, First: uint64(n), Points: []results.Point{p}})
			n++
		}
		all = append(all, results.Record{Sweep: "s", Trial: trial, Attempt: 1, First: uint64(n),
			End: &results.End{State: sweep.AttemptSucceeded, Final: true, Points: uint64(n)}})
	}
	return all
}

// A program that writes numbers into names does not fill a board: with too many names it has the declared ones, in whatever order records come,
// and whoever looks meanwhile.
func TestNamesOfASweepAreBounded(t *testing.T) {
	cfg := board.Config{Sweep: "s", Objective: config.Objective, Metrics: config.Metrics}
	for names, crowded := range map[int]bool{200: false, 210: true} { // 4,000 and 4,200 of 20 trials, and one that all have
		all := naming(20, names)
		want := ""
		for range 5 {
			rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			b := board.New(cfg)
			for i, r := range all {
				if err := b.Fold(r); err != nil {
					t.Fatal(err)
				}
				if i%40 == 0 {
					whole(t, b)
				}
			}
			s := b.Summary()
			if want == "" {
				want = whole(t, b)
			}
			if got := whole(t, b); got != want {
				t.Fatalf("%d names: another order says other", names)
			}
			if s.MetricsLeftOut != crowded || b.Crowded() != crowded || strings.Contains(want, "weights") == crowded || strings.Contains(want, "common") == crowded {
				t.Errorf("%d names: left out %v, of %d metrics", names, s.MetricsLeftOut, len(s.Metrics))
			}
			if m := s.Metrics[0]; m.Name != "accuracy" || m.Trials != 20 || s.Best == nil || s.Best.Trial != 19 || b.Reported("weights/0/0") == crowded || !b.Reported("loss") {
				t.Errorf("%d names: %+v, best %+v", names, m, s.Best)
			}
		}
	}
}

// Names of points beyond a gap count as well for what a summary lists, and what is kept waits for the gap to close.
func TestNamesBeyondGaps(t *testing.T) {
	b := board.New(board.Config{Sweep: "s", Objective: config.Objective})
	for _, r := range naming(20, 210) {
		if r.First > 0 || r.End != nil {
			r.First++
			if r.End != nil {
				r.End.Points++
			}
		}
		if err := b.Fold(r); err != nil {
			t.Fatal(err)
		}
	}
	if s := b.Summary(); !s.MetricsLeftOut || len(s.Metrics) != 1 || b.Crowded() {
		t.Errorf("%d metrics, left out %v", len(s.Metrics), s.MetricsLeftOut)
	}
}
