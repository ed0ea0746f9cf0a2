package scheduler

import (
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// The narrower of two bounds counts: the sweep's own, and the scheduler's.
func TestLaunchableKeepsToBothBounds(t *testing.T) {
	for _, tt := range []struct{ own, most, want int }{{0, 0, 9}, {4, 0, 4}, {0, 3, 3}, {4, 3, 3}, {3, 4, 3}} {
		run, err := newRun("s", &sweep.Spec{Trials: 9, Limits: sweep.Limits{Parallel: tt.own}}, nil, uniformBuilder(t))
		if err != nil {
			t.Fatal(err)
		}
		run.entry.Phase = sweep.PhaseActive
		if got := run.launchable(tt.most); got != tt.want {
			t.Errorf("%+v: %d", tt, got)
		}
	}
}

// A spec, the scheduler and a board agree on how many trials a sweep may have.
func TestOneBoundOnTrials(t *testing.T) {
	for trials, ok := range map[int]bool{sweep.MaxTrials: true, sweep.MaxTrials + 1: false} {
		if _, err := newRun("s", &sweep.Spec{Trials: trials}, nil, uniformBuilder(t)); (err == nil) != ok {
			t.Errorf("the scheduler takes %d trials: %v", trials, err)
		}
		board := board.New(board.Config{Sweep: "s"})
		if err := board.Fold(results.Record{Sweep: "s", Trial: trials - 1, Attempt: 1}); (err == nil) != ok {
			t.Errorf("a board of %d trials: %v", trials, err)
		}
	}
}
