package store_test

import (
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

func bigConfig(trials int) board.Config {
	return board.Config{Sweep: "s", Trials: trials, Objective: sweep.Metric{Name: "accuracy", Goal: sweep.Maximize},
		Metrics: []sweep.Metric{{Name: "loss", Goal: sweep.Minimize}}}
}

// report is what trial i of a big sweep says in one of its records.
func report(trial, first, points int, last bool) results.Record {
	r := results.Record{Sweep: "s", Trial: trial, First: uint64(first)}
	for i := first; i < first+points; i++ {
		v := math.Sqrt(float64(trial*7919%10007+i)) / 101
		r.Points = append(r.Points, results.Point{Step: int64(i), Millis: 1_700_000_000_000 + int64(i),
			Metrics: map[string]float64{"accuracy": v, "loss": 1 - v}})
	}
	if last {
		r.End = &results.End{State: sweep.AttemptSucceeded, Final: true, Points: uint64(first + points), Seed: uint64(trial) * 0x9e3779b97f4a7c15,
			Agent:   fmt.Sprintf("agent-%03d.example.net", trial%700),
			Sandbox: fmt.Sprintf("/var/lib/mesos/slaves/6f2b-S%d/frameworks/6f2b-0001/executors/kaon-4c1/runs/%016x/tasks/s.%d.0", trial%700, trial*7919, trial),
			Params:  json.RawMessage(fmt.Sprintf(`{"lr":%g,"optimizer":"sgd","momentum":0.9,"batch":%d}`, float64(trial)/1e6, 32<<(trial%3))),
			StartMs: 1_700_000_000_000, EndMs: 1_700_000_010_000}
	}
	return r
}

func bigRecords(trials, records, points int) (all []results.Record) {
	for k := range records {
		for trial := range trials {
			all = append(all, report(trial, k*points, points, k == records-1))
		}
	}
	return all
}

func check3M(b *testing.B, folded *board.Board) {
	b.Helper()
	s := folded.Summary()
	if s.Points != 3_000_000 || s.Trials.Succeeded != 30_000 || s.Missing != 0 || len(s.Top) != 10 {
		b.Fatalf("board of %d points, %+v", s.Points, s.Trials)
	}
	b.ReportMetric(3_000_000/b.Elapsed().Seconds()*float64(b.N), "points/s")
}

// Records in memory to a board with its summary: what the scheduler's loop does.
func BenchmarkReduce3MPoints30kTrials(b *testing.B) {
	records := bigRecords(30_000, 10, 10)
	var folded *board.Board
	for b.Loop() {
		folded = board.New(bigConfig(30_000))
		for _, r := range records {
			if err := folded.Fold(r); err != nil {
				b.Fatal(err)
			}
		}
		folded.Summary()
	}
	check3M(b, folded)
}

// Batches in a bucket to a board: what `kaon best` and a restart do.
func BenchmarkLoad3MPoints30kTrials(b *testing.B) {
	var memory bucket.Memory
	fillBucket(b, &memory, bigRecords(30_000, 10, 10))
	var folded *board.Board
	for b.Loop() {
		var damage []store.Damage
		var err error
		if folded, damage, err = store.LoadRecords(b.Context(), &memory, bigConfig(30_000)); err != nil || damage != nil {
			b.Fatal(err, damage)
		}
		folded.Summary()
	}
	check3M(b, folded)
}

// The summary of the largest sweep, and what its board takes of memory.
func BenchmarkSummary1MTrials(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	folded := board.New(bigConfig(1_000_000))
	for i := range 1_000_000 {
		if err := folded.Fold(report(i, 0, 10, true)); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	defer func() { b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "board-MB") }()
	for b.Loop() {
		if s := folded.Summary(); s.Trials.Succeeded != 1_000_000 {
			b.Fatalf("%+v", s.Trials)
		}
	}
}
