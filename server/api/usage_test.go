package api

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
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
	tally := usageTally{demands: d}
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
	sum := usageSum{by: "day", rows: map[string]*UsageAmounts{}}
	sum.sweep("s", "", tally.parts(), "")
	first, second := sum.rows["2026-11-29"], sum.rows["2026-11-30"]
	if first == nil || first.Attempts != 6 || first.Unknown != 1 || !near(first.Hours, 3+1+2) || !near(first.CPU, 2*3+1+2) ||
		!near(first.GB, 2*6) || !near(first.GPU, 2) {
		t.Errorf("the first day %+v", first)
	}
	if second == nil || second.Attempts != 1 || !near(second.Hours, 2) || !near(second.CPU, 2) || !near(second.GPU, 4) {
		t.Errorf("the second day %+v", second)
	}
	if sum.total.Unknown != 2 {
		t.Errorf("in all %+v", sum.total)
	}
	queues := usageSum{by: "queue", first: day.UnixMilli() / dayMillis, rows: map[string]*UsageAmounts{}}
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

// A server tells what sweeps used by whom and where, the same as their results, until they are deleted.
func TestUsage(t *testing.T) {
	w := newWorld(t)
	if status, answer, _ := w.ask(Operator, http.MethodPost, Prefix+"/queues", QueueChange{Name: "eng"}); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	if none := get[Usage](w, Viewer, "/usage"); len(none.Items) != 0 || none.By != "queue" {
		t.Errorf("at first %+v", none)
	}
	spec := strings.Replace(three, "echo hello", "sleep 0.01; echo hello", 1) // not done within a millisecond
	eng := w.submit(Submitter, Submission{Spec: spec, Set: []string{"queue=eng"}})
	plain := w.submit(Operator, Submission{Spec: spec})
	w.ended(eng.ID)
	w.ended(plain.ID)
	for by, keys := range map[string][]string{
		"queue": {"eng", sweep.DefaultQueue}, "user": {string(Submitter), string(Operator)}, "sweep": {eng.ID, plain.ID}, "day": nil,
	} {
		u := get[Usage](w, Viewer, "/usage?since="+time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)+"&by="+by)
		const cpus, gb = 0.1, 16.0 / 1024
		if u.Total.Attempts != 6 || u.Total.Hours <= 0 || !near(u.Total.CPU, cpus*u.Total.Hours) || !near(u.Total.GB, gb*u.Total.Hours) ||
			u.Total.GPU != 0 || u.Total.Unknown != 0 || len(u.Gaps) != 0 {
			t.Errorf("by %s: %+v", by, u)
		}
		found := map[string]int{}
		for _, row := range u.Items {
			found[row.Key] = row.Attempts
		}
		for _, key := range keys {
			if found[key] != 3 || len(found) != len(keys) {
				t.Errorf("by %s: %+v", by, u.Items)
			}
		}
		stored, err := StoredUsage(t.Context(), w.bucket, by, time.Time{}, func(id string) string { return filepath.Join(w.dir, "nowhere", id) })
		if err != nil || stored.Total != u.Total {
			t.Errorf("by %s the results have %+v, %v", by, stored, err)
		}
	}
	for _, bad := range []string{"by=color", "since=yesterday", "until=x"} {
		if status, answer, _ := w.ask(Viewer, http.MethodGet, Prefix+"/usage?"+bad, nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", bad, status, answer)
		}
	}
	if late := get[Usage](w, Viewer, "/usage?since=2200-01-01T00:00:00Z"); late.Total.Attempts != 0 {
		t.Errorf("in the future %+v", late)
	}
	if status, answer, _ := w.ask(Operator, http.MethodDelete, Prefix+"/sweeps/"+eng.ID, nil); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	if u := get[Usage](w, Viewer, "/usage"); u.Total.Attempts != 3 || len(u.Items) != 1 || u.Items[0].Key != sweep.DefaultQueue {
		t.Errorf("after one is deleted %+v", u)
	}
}

// What could not be read of a sweep that has ended is read again when it is mended.
func TestUsageAfterAGap(t *testing.T) {
	w := newWorld(t)
	id := w.submit(Submitter, Submission{Spec: three}).ID
	w.ended(id)
	testkit.Await(t, "the end in the results", func() bool {
		s, err := store.ReadSweep(t.Context(), w.bucket, id)
		return err == nil && s.Finished != ""
	})
	batches, err := filepath.Glob(filepath.Join(w.dir, "results", filepath.FromSlash(results.RecordsPrefix(id)), "*"))
	if err != nil || len(batches) == 0 {
		t.Fatalf("%v, %v", batches, err)
	}
	whole, err := os.ReadFile(batches[0])
	if err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) {
		if err := errors.Join(os.Remove(batches[0]), os.WriteFile(batches[0], text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write([]byte("damaged"))
	if u := get[Usage](w, Viewer, "/usage"); len(u.Gaps) != 1 {
		t.Fatalf("damaged: %+v", u)
	}
	write(whole)
	testkit.Await(t, "all that was used", func() bool {
		u := get[Usage](w, Viewer, "/usage")
		return len(u.Gaps) == 0 && u.Total.Attempts == 3
	})
}
