package board_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

func ended(trial, attempt int, state sweep.Outcome, final bool, from, to int64) results.Record {
	return results.Record{Sweep: config.Sweep, Trial: trial, Attempt: attempt, End: &results.End{State: state, Final: final, StartMs: from, EndMs: to}}
}

func timelineText(list []board.Moment) (text string) {
	for _, m := range list {
		text += fmt.Sprintf("%d:", m.AtMs)
		for _, s := range sweep.States() {
			if n := *m.Changes.Of(s); n != 0 {
				text += fmt.Sprintf(" %s%+d", s, n)
			}
		}
		text += "\n"
	}
	return text
}

// Trials wait, run, wait again after an attempt that was not the last, and end; one that was retried runs from the state it had.
func TestTimeline(t *testing.T) {
	b := board.New(config)
	for _, r := range []results.Record{
		ended(0, 2, sweep.AttemptSucceeded, true, 50, 60), // a retry of what had failed for good, heard of first
		ended(0, 1, sweep.AttemptFailed, true, 30, 40),
		ended(0, 0, sweep.AttemptLost, false, 10, 20),
		ended(1, 0, sweep.AttemptStopped, true, 0, 35), // never began
		ended(1, 0, sweep.AttemptStopped, true, 0, 35),
		ended(results.ThenTrial, 0, sweep.AttemptSucceeded, true, 1, 2),
		{Sweep: config.Sweep, Trial: 2},
	} {
		if err := b.Fold(r); err != nil {
			t.Fatal(err)
		}
	}
	want := "10: waiting-1 running+1\n20: waiting+1 running-1\n30: waiting-1 running+1\n35: waiting-1 stopped+1\n40: running-1 failed+1\n50: running+1 failed-1\n60: running-1 succeeded+1\n"
	if got := timelineText(b.Timeline()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// However many Ends come, in whatever order, the moments are few, and their sum is how trials stand.
func TestTimelineIsBoundedAndOrderFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const trials = 1500
		cfg := config
		cfg.Trials = trials
		long := rapid.Int64Range(1, 1<<40).Draw(t, "range")
		var records []results.Record
		seed := rapid.Uint64().Draw(t, "seed")
		next := func(n int64) int64 {
			seed = seed*6364136223846793005 + 1442695040888963407
			return int64(seed>>1) % n
		}
		for i := range trials {
			from := next(long)
			records = append(records, ended(i, 0, sweep.AttemptLost, false, from, from+next(long)), ended(i, 1, sweep.AttemptSucceeded, true, from+long, from+long+next(1000)))
		}
		one, other := board.New(cfg), board.New(cfg)
		for i := range records {
			if err := one.Fold(records[i]); err != nil {
				t.Fatal(err)
			}
			if err := other.Fold(records[len(records)-1-i]); err != nil {
				t.Fatal(err)
			}
		}
		list := one.Timeline()
		if !slices.Equal(list, other.Timeline()) {
			t.Fatal("the order of records shows")
		}
		if len(list) > 2048 || long > 1<<20 && len(list) < 200 {
			t.Fatalf("%d moments", len(list))
		}
		var sum sweep.Counts
		for _, m := range list {
			for _, s := range sweep.States() {
				*sum.Of(s) += *m.Changes.Of(s)
			}
		}
		if sum != (sweep.Counts{Waiting: -trials, Succeeded: trials}) {
			t.Fatalf("in all %+v", sum)
		}
	})
}
