package board_test

import (
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// A sweep whose trials are each better than all before has a history of bounded length, of the first, the last and some between.
func TestHistoryIsThinned(t *testing.T) {
	b := board.New(board.Config{Sweep: "s", Objective: sweep.Metric{Name: "accuracy", Goal: sweep.Maximize}})
	for trial := range 5000 {
		err := b.Fold(results.Record{Sweep: "s", Trial: trial, Attempt: 1, Points: []results.Point{{Metrics: map[string]float64{"accuracy": float64(trial)}}},
			End: &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1}})
		if err != nil {
			t.Fatal(err)
		}
		if trial > 1200 && trial != 4999 {
			continue
		}
		history := b.Summary().History
		if trial < 1000 && len(history) != trial+1 || len(history) > 1000 || len(history) < min(trial+1, 500) {
			t.Fatalf("%d improvements of %d", len(history), trial+1)
		}
		if first, last := history[0].Trial, history[len(history)-1]; first != 0 || last.Trial != trial || last.Value != results.Number(trial) {
			t.Fatalf("from %d to %+v", first, last)
		}
	}
}
