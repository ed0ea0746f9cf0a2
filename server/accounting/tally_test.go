package accounting

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// Attempts count what they asked for when they began, each once, on the days on which they ran.
func TestUsageOfAttempts(t *testing.T) {
	day := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	known := store.Sweep{ID: "s", Queue: "late", Extensions: []store.Extension{
		{Set: []string{"run_cap=9"}, At: day.Format(time.RFC3339Nano)},
		{Set: []string{"task.resources.gpus=2", "queue=late"}, At: day.Add(10 * time.Hour).Format(time.RFC3339Nano)},
	}}
	read := func(then store.Sweep) (*sweep.Spec, error) {
		text := "method: grid\nparameters: {x: {values: [1, 2]}}\ncommand: a\nqueue: early\ntask: {resources: {cpus: x, memory: 2GB}}\n"
		var set []string
		for _, x := range then.Extensions {
			set = append(set, x.Set...)
		}
		return sweep.Parse("s.yaml", []byte(text), sweep.WithSet(set...))
	}
	d, err := demandsOf(known, read)
	if err != nil || len(d.eras) != 2 {
		t.Fatalf("%d eras, %v", len(d.eras), err)
	}
	tally := tally{demands: d}
	add := func(trial, attempt int, state sweep.Outcome, from, hours float64, params, task string) {
		at := func(h float64) int64 { return day.UnixMilli() + int64(h*3_600_000) }
		r := results.Record{Trial: trial, Attempt: attempt, End: &results.End{
			State: state, StartMs: at(from), EndMs: at(from + hours), Params: []byte(params), Task: task,
		}}
		tally.add(r)
		if trial%2 == 0 { // records may come twice
			tally.add(r)
		}
	}
	add(0, 1, sweep.AttemptLost, 1, 2, `{"x":2}`, "")
	add(0, 2, sweep.AttemptPreempted, 3, 1, `{"x":2}`, "")
	add(0, 2, sweep.AttemptStopped, 5, 0, `{"x":2}`, "")    // ended while it waited
	add(9, 1, sweep.AttemptStopped, 5, 0, `{"x":2}`, "")    // never began
	add(1, 1, sweep.AttemptCached, 1, 100, `{"x":1}`, "")   // did not run
	add(2, 1, sweep.AttemptFailed, 1, 1, `{"y":1}`, "")     // of a parameter that is not known
	add(3, 1, sweep.AttemptSucceeded, 23, 3, `{"x":1}`, "") // until 2 o'clock
	add(4, 1, sweep.AttemptSucceeded, 6, 1, `{"x":1}`, "")  // a bundle: then 5, and 6 was lost before its turn
	add(5, 1, sweep.AttemptLost, 7, 1, `{"x":1}`, "s.4.1")
	add(6, 1, sweep.AttemptLost, 6, 2, `{"x":1}`, "s.4.1")
	add(7, 1, sweep.AttemptSucceeded, 1, 24*4000, `{"x":1}`, "") // a clock that is wrong
	tally.add(results.Record{Trial: 8, Attempt: 1, End: &results.End{StartMs: 1, EndMs: math.MaxInt64}})
	tally.add(results.Record{Trial: 8, Attempt: 1})
	days := sum{by: "day", rows: map[string]*UsageAmounts{}}
	days.sweep("s", "", tally.parts(), "")
	first, second := days.rows["2026-11-29"], days.rows["2026-11-30"]
	if first == nil || first.Attempts != 6 || first.Unknown != 1 || !near(first.Hours, 3+1+2) || !near(first.CPU, 2*3+1+2) ||
		!near(first.GB, 2*6) || !near(first.GPU, 2) {
		t.Errorf("the first day %+v", first)
	}
	if second == nil || second.Attempts != 1 || !near(second.Hours, 2) || !near(second.CPU, 2) || !near(second.GPU, 4) {
		t.Errorf("the second day %+v", second)
	}
	if days.total.Unknown != 2 {
		t.Errorf("in all %+v", days.total)
	}
	queues := sum{by: "queue", first: day.UnixMilli() / dayMillis, rows: map[string]*UsageAmounts{}}
	queues.sweep("s", "", tally.parts(), "broken")
	all := queues.usage(day)
	if len(all.Items) != 2 || all.Items[0].Key != "early" || !near(all.Items[1].GPU, 6) || all.Items[1].Key != "late" ||
		len(all.Gaps) != 1 || all.Since != "2026-11-29" {
		t.Errorf("by queue %+v", all)
	}
	unread, err := demandsOf(store.Sweep{ID: "s"}, func(store.Sweep) (*sweep.Spec, error) { return nil, fmt.Errorf("gone") })
	if got := unread.of(&results.End{}); err == nil || got.known || got.queue != sweep.DefaultQueue {
		t.Errorf("without a spec %+v, %v", got, err)
	}
}
