package scheduler

import (
	"testing"

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
