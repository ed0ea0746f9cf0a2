package board_test

import (
	"encoding/json"
	"fmt"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// Records may come late, twice and out of order.
func ExampleBoard() {
	b := board.New(board.Config{Sweep: "digits", Trials: 3,
		Objective: sweep.Metric{Name: "accuracy", Goal: sweep.Maximize}})
	end := func(lr string) *results.End {
		return &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 2, Params: json.RawMessage(`{"lr":` + lr + `}`)}
	}
	point := func(v float64) results.Point { return results.Point{Metrics: map[string]float64{"accuracy": v}} }
	for _, r := range []results.Record{
		{Sweep: "digits", Trial: 1, First: 1, Points: []results.Point{point(0.93)}, End: end("0.1")},
		{Sweep: "digits", Trial: 0, First: 0, Points: []results.Point{point(0.5), point(0.9)}, End: end("0.5")},
		{Sweep: "digits", Trial: 1, First: 0, Points: []results.Point{point(0.6)}},
		{Sweep: "digits", Trial: 1, First: 0, Points: []results.Point{point(0.6), point(0.93)}},
	} {
		if err := b.Fold(r); err != nil {
			fmt.Println(err)
		}
	}
	c := b.Counts()
	fmt.Println(c.Succeeded, "of", c.Total, "succeeded")
	w, _ := b.Winner()
	fmt.Println("trial", w.Trial, w.Metric, w.Value, string(w.Params))
	for t := range b.Trials(board.Query{Sort: "value"}) {
		fmt.Println(t.Trial, t.State, *t.Value)
	}
	// Output:
	// 2 of 3 succeeded
	// trial 1 accuracy 0.93 {"lr":0.1}
	// 1 succeeded 0.93
	// 0 succeeded 0.9
}

func ExampleWinner_Render() {
	w := board.Winner{Sweep: "digits", Trial: 7, Params: json.RawMessage(`{"lr":0.1,"optimizer":"adam w"}`)}
	flags, _ := w.Render(board.FormatFlags)
	fmt.Print(flags)
	// Output: --lr=0.1 '--optimizer=adam w'
}
