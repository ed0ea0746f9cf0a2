package mlflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

const epoch = 1_700_000_000_000

var swept = store.Sweep{ID: "s-1", Name: "my sweep", Trials: 4, State: "succeeded", Created: "2023-11-14T22:13:20Z",
	Finished: "2023-11-14T22:14:20Z", Method: "random", Objective: sweep.Metric{Name: "loss", Goal: sweep.Minimize}}

func points(from, n int, m func(i int) map[string]float64) (list []results.Point) {
	for i := from; i < from+n; i++ {
		list = append(list, results.Point{Step: int64(i), Millis: epoch + int64(i), Metrics: m(i)})
	}
	return list
}

func ended(state sweep.Outcome, final bool, n int, params string) *results.End {
	return &results.End{State: state, Final: final, Points: uint64(n), Params: json.RawMessage(params), Seed: 7, StartMs: epoch,
		EndMs: epoch + 9000, Agent: "host", Reason: "why"}
}

func loss(i int) map[string]float64 { return map[string]float64{"loss": float64(i)} }

// records is a sweep of three trials that began: one that was lost once and has more points than a request holds, one that failed
// and has more parameters than one holds, one that runs on when left is true.
func records(left bool) []results.Record {
	var many []string
	for i := range 250 {
		long := 1
		if i%125 == 7 {
			long = 7000
		}
		many = append(many, fmt.Sprintf(`"p%d":"%s"`, i, strings.Repeat("é", long)))
	}
	list := []results.Record{
		{Sweep: "s-1", Trial: 0, Points: points(0, 5, loss), End: ended(sweep.AttemptLost, false, 5, `{"lr":0.1}`)},
		{Sweep: "s-1", Trial: 0, Attempt: 1, First: 600, Points: points(600, 350, loss)},
		{Sweep: "s-1", Trial: 0, Attempt: 1, Points: points(0, 600, loss),
			End: ended(sweep.AttemptSucceeded, true, 950, `{"lr":0.1,"opt":{"name":"x"},"a b!":true}`)},
		{Sweep: "s-1", Trial: 1, End: ended(sweep.AttemptFailed, true, 0, "{"+strings.Join(many, ",")+"}")},
		{Sweep: "s-1", Trial: 3, Points: points(0, 2, func(int) map[string]float64 {
			return map[string]float64{"../a:b": math.NaN(), "../a;b": math.Inf(-1)}
		})},
	}
	if !left {
		list = append(list, results.Record{Sweep: "s-1", Trial: 3, First: 2, Points: points(2, 3, loss),
			End: ended(sweep.AttemptSucceeded, true, 5, `{"lr":0.2}`)})
	}
	return list
}

func stored(t *testing.T, list []results.Record) (*board.Board, bucket.Bucket) {
	t.Helper()
	var b bucket.Memory
	if err := store.WriteSweep(t.Context(), &b, swept); err != nil {
		t.Fatal(err)
	}
	for i, r := range list {
		batch, err := store.Encode([]results.Record{r})
		if err == nil {
			err = b.Put(t.Context(), results.BatchName("s-1", uint64(i), ""), bytes.NewReader(batch))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	from, damage, err := store.Load(t.Context(), &b, "s-1")
	if err != nil || damage != nil {
		t.Fatal(err, damage)
	}
	return from, &b
}

// whole is what a server has after one export that nothing disturbed.
func whole(t *testing.T) *tracking {
	from, b := stored(t, records(false))
	s, c := newTracking(t)
	told, err := Publish(t.Context(), c, b, swept, from, nil)
	if err != nil || told.Trials != 3 || told.Points != 955 || told.Experiment != "my sweep" {
		t.Fatalf("%+v, %v", told, err)
	}
	return s
}

func TestPublish(t *testing.T) {
	s := whole(t)
	by := map[string]*keptRun{}
	for _, run := range s.runs {
		by[run.tags["kaon.trial"]] = run
	}
	if len(s.runs) != 4 || len(by) != 4 {
		t.Fatalf("%d runs", len(s.runs))
	}
	parent := by[""]
	if parent.status != "FINISHED" || parent.start != epoch || parent.end != epoch+60_000 || parent.tags["kaon.winner"] != "3" ||
		parent.tags["kaon.best"] != "4" || parent.tags["mlflow.runName"] != "s-1" {
		t.Errorf("parent %+v", parent)
	}
	for trial, status := range map[string]string{"0": "FINISHED", "1": "FAILED", "3": "FINISHED"} {
		if run := by[trial]; run.status != status || run.end != epoch+9000 || run.start != epoch ||
			run.tags["mlflow.parentRunId"] != parent.id || run.tags["mlflow.runName"] != "trial "+trial || run.tags["kaon.reason"] != "why" {
			t.Errorf("trial %s: %s %d %v", trial, run.status, run.end, run.tags)
		}
	}
	if p := by["0"].params; len(p) != 3 || p["lr"] != "0.1" || p["opt.name"] != "x" || p[name("a b!")] != "True" {
		t.Errorf("parameters %v", p)
	}
	if p := by["1"].params; len(p) != 250 || len([]rune(p["p7"])) != 6000 {
		t.Errorf("%d parameters, one of %d", len(p), len([]rune(p["p7"])))
	}
	if got := by["0"].metrics; len(got) != 950 || got[949] != (metric{"loss", 949, epoch + 949, 949}) {
		t.Errorf("%d metrics", len(got))
	}
	if got := by["3"].metrics; len(got) != 7 || got[0].Key == got[1].Key || !math.IsNaN(float64(got[0].Value)) || !math.IsInf(float64(got[1].Value), -1) {
		t.Errorf("metrics %v", got)
	}
}

// Whichever request fails, whether what it asked for was done or not, the next export comes to what one alone would have, and one more
// changes nothing.
func TestPublishGoesOn(t *testing.T) {
	reference := whole(t)
	want := reference.kept()
	from, b := stored(t, records(false))
	for i := range reference.requests {
		s, c := newTracking(t)
		s.failAt, s.lost = 1+i, i%3 == 1
		if _, err := Publish(t.Context(), c, b, swept, from, nil); err == nil || !strings.Contains(err.Error(), "status 500") {
			t.Fatalf("request %d failed: %v", s.failAt, err)
		}
		for range 1 + i%2 {
			if told, err := Publish(t.Context(), c, b, swept, from, nil); err != nil || told.Trials != 3 {
				t.Fatalf("after request %d: %+v, %v", s.failAt, told, err)
			}
			if got := s.kept(); !slices.Equal(got, want) {
				t.Fatalf("after request %d:\n%.3000s\nwant\n%.3000s", s.failAt, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
}

// A sweep that runs is written as far as it is, and then to its end.
func TestPublishWhileItRuns(t *testing.T) {
	s, c := newTracking(t)
	from, b := stored(t, records(true))
	running := swept
	running.Finished, running.State = "", "running"
	if _, err := Publish(t.Context(), c, b, running, from, nil); err != nil {
		t.Fatal(err)
	}
	for _, run := range s.runs {
		if on := run.status == "RUNNING"; on != (run.tags["kaon.trial"] == "" || run.tags["kaon.trial"] == "3") {
			t.Errorf("%v is %s", run.tags, run.status)
		}
	}
	from, b = stored(t, records(false))
	told, err := Publish(t.Context(), c, b, swept, from, nil)
	if err != nil || told.Points != 3 {
		t.Errorf("%+v, %v", told, err)
	}
	// All but the start of the trial that ran, which nobody knew, is as if it had been written at once.
	rest := func(s *tracking) []string {
		return slices.DeleteFunc(s.kept(), func(line string) bool { return strings.Contains(line, "kaon.trial:3") })
	}
	if got, want := rest(s), rest(whole(t)); !slices.Equal(got, want) {
		t.Errorf("%.2000q, want\n%.2000q", got, want)
	}
	if len(s.runs) != 4 {
		t.Errorf("%d runs", len(s.runs))
	}

	// Another attempt of a trial takes the place of its run.
	again := append(records(false), results.Record{Sweep: "s-1", Trial: 1, Attempt: 1, Points: points(0, 1, loss),
		End: ended(sweep.AttemptSucceeded, true, 1, `{}`)})
	again[3].End.Final = false
	from, b = stored(t, again)
	if _, err := Publish(t.Context(), c, b, swept, from, nil); err != nil {
		t.Fatal(err)
	}
	var runs []*keptRun
	for _, run := range s.runs {
		if run.tags["kaon.trial"] == "1" && !run.deleted {
			runs = append(runs, run)
		}
	}
	if len(runs) != 1 || runs[0].status != "FINISHED" || len(runs[0].metrics) != 1 {
		t.Errorf("runs of the trial: %+v", runs)
	}
}

func TestNames(t *testing.T) {
	for _, good := range []string{"loss", "val/loss", "a.b-c d_1", strings.Repeat("x", 250)} {
		if got := name(good); got != good {
			t.Errorf("%q became %q", good, got)
		}
	}
	seen := map[string]bool{}
	for _, bad := range []string{"", ".", "..", "../x", "..x", "/x", "x/", "a//b", "a/./b", "a:b", "a;b", "日本", "日木", "a\nb", "a\xffb",
		strings.Repeat("x", 251), strings.Repeat("x", 252)} {
		got := name(bad)
		if seen[got] || got == bad || len(got) > 250 || strings.ContainsAny(got, ":;\n") || strings.HasPrefix(got, "/") || strings.HasPrefix(got, "..") || name(got) != got {
			t.Errorf("%q became %q", bad, got)
		}
		seen[got] = true
	}
}

func TestOpen(t *testing.T) {
	for _, bad := range []string{"", "mlruns", "file:///mlruns", "sqlite:///x.db", "http://", "-"} {
		if _, err := Open(bad, func(string) string { return "" }); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	s, c := newTracking(t)
	c, err := Open("http://ann:secret@"+c.base.Host, func(string) string { return "other" })
	if err != nil {
		t.Fatal(err)
	}
	from, b := stored(t, nil)
	s.failAt = 1
	if _, err := Publish(t.Context(), c, b, swept, from, nil); err == nil || strings.Contains(err.Error(), "secret") || s.user != "ann" {
		t.Errorf("%v, asked as %q", err, s.user)
	}
}
