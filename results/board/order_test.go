package board_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// Trials are sorted by a parameter as by any number: numbers, words behind them, last those without it; in one piece or many.
func TestOrderByParameter(t *testing.T) {
	b := board.New(board.Config{Sweep: "s", Trials: 8})
	for trial, params := range []string{`{"x":3,"o":{"n":"b"}}`, `{"x":1.5,"o":{"n":"a"}}`, `{"x":"wide","o":{"n":"c"}}`, `{"x":-2}`, `{"x":1.5}`, `{"y":0}`} {
		b.Fold(results.Record{Sweep: "s", Trial: trial, Attempt: 1, End: &results.End{
			State: sweep.AttemptSucceeded, Final: true, Params: json.RawMessage(params),
		}})
	}
	for _, c := range []struct {
		query board.Query
		want  []int
	}{
		{board.Query{Sort: "params.x"}, []int{3, 1, 4, 0, 2, 5}},
		{board.Query{Sort: "params.x", Desc: true}, []int{2, 0, 1, 4, 3, 5}},
		{board.Query{Sort: "params.o.n"}, []int{1, 0, 2, 3, 4, 5}},
		{board.Query{Sort: "params.x", All: true}, []int{3, 1, 4, 0, 2, 5, 6, 7}},
		{board.Query{Sort: "params.nothing"}, []int{0, 1, 2, 3, 4, 5}},
		{board.Query{Desc: true, All: true}, []int{7, 6, 5, 4, 3, 2, 1, 0}},
		{board.Query{Sort: "value", All: true}, []int{0, 1, 2, 3, 4, 5, 6, 7}},
	} {
		var whole []int
		for one := range b.Trials(c.query) {
			whole = append(whole, one.Trial)
		}
		o := board.NewOrder(c.query)
		for o.Add(b, 2) {
		}
		pieces := fmt.Sprint(o.All(b, 0))
		if !slices.Equal(whole, c.want) || pieces != fmt.Sprint(c.want) {
			t.Errorf("%+v: %v in one piece and %s in several, want %v", c.query, whole, pieces, c.want)
		}
		if some := fmt.Sprint(o.All(b, 4)); some != fmt.Sprint(c.want[:4]) {
			t.Errorf("%+v: the first four are %s, want %v", c.query, some, c.want[:4])
		}
	}
}

// By value what is no finite number ranks behind all that is, whichever way is better, and of points as of trials.
func TestOrderByValueRanksFiniteOnes(t *testing.T) {
	values := []float64{math.Inf(1), 2, math.Inf(-1), 1, math.NaN(), 3}
	for _, repeats := range []int{1, 2} {
		for goal, want := range map[sweep.Goal][]int{sweep.Minimize: {3, 1, 5, 0, 2, 4}, sweep.Maximize: {5, 1, 3, 0, 2, 4}} {
			b := board.New(board.Config{
				Sweep: "s", Trials: len(values) * repeats, Repeat: sweep.Repeat{Trials: repeats}, Objective: sweep.Metric{Name: "v", Goal: goal},
			})
			for trial := range len(values) * repeats {
				b.Fold(results.Record{Sweep: "s", Trial: trial, Attempt: 1, Points: []results.Point{{Metrics: map[string]float64{"v": values[trial/repeats]}}},
					End: &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1}})
			}
			for _, desc := range []bool{false, true} {
				var points []int
				for one := range b.Trials(board.Query{Sort: "value", Desc: desc}) {
					points = append(points, one.Trial/repeats)
				}
				first := slices.Clone(want)
				if desc {
					slices.Reverse(first[:3])
				}
				if points = slices.Compact(points); !slices.Equal(points, first) {
					t.Errorf("goal %v, repeats %d, desc %v: %v, want %v", goal, repeats, desc, points, first)
				}
			}
		}
	}
}

// The first of a long order are those of all of it, whatever it is sorted by, in bounded memory.
func TestOrderKeepsTheFirst(t *testing.T) {
	const trials = 12_000
	b := board.New(board.Config{Sweep: "s", Trials: trials + 5, Objective: sweep.Metric{Name: "loss", Goal: sweep.Minimize}})
	for trial := range trials {
		v := float64(trial * 7919 % 10_007)
		r := results.Record{Sweep: "s", Trial: trial, Attempt: 1, End: &results.End{
			State: sweep.AttemptSucceeded, Final: true, Points: 1, StartMs: 1, EndMs: 1 + int64(trial*31%977), Params: json.RawMessage(fmt.Sprintf(`{"x":%v,"w":"w%d"}`, v, trial%1000)),
		}}
		if trial%10 != 3 {
			r.Points = []results.Point{{Metrics: map[string]float64{"loss": v}}}
		}
		if err := b.Fold(r); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"value", "seconds", "loss", "params.x", "params.w"} {
		for _, desc := range []bool{false, true} {
			q := board.Query{Sort: key, Desc: desc, All: true}
			whole, some := board.NewOrder(q), board.NewOrder(q)
			some.Keep(900)
			for whole.Add(b, 3000) {
			}
			for some.Add(b, 3000) {
			}
			if all, first := whole.All(b, 0), some.All(b, 900); len(all) != trials+5 || !slices.Equal(all[:900], first) {
				t.Errorf("by %s, %v: the first are others", key, desc)
			}
			q.Offset, q.Limit = 700, 3
			var page []int32
			for one := range b.Trials(q) {
				page = append(page, int32(one.Trial))
			}
			if want := whole.All(b, 703)[700:]; !slices.Equal(page, want) {
				t.Errorf("by %s, %v: a page is %v, want %v", key, desc, page, want)
			}
		}
	}
}
