package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

// asked counts what is asked of a bucket.
type asked struct {
	bucket.Bucket
	requests int
}

func (a *asked) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	a.requests++
	return a.Bucket.Get(ctx, name)
}

func (a *asked) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	a.requests++
	return a.Bucket.List(ctx, prefix)
}

// worked is the record of a trial that did its work well, of two points.
func worked(id string, trial int) results.Record {
	return results.Record{
		Sweep: id, Trial: trial, Attempt: 1,
		Points: []results.Point{{Step: 1, Metrics: map[string]float64{"y": 0}}, {Step: 2, Metrics: map[string]float64{"y": float64(trial)}}},
		End: &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 2, Key: fmt.Sprint("key ", trial), EndMs: 1000,
			Params: []byte(`{}`)},
	}
}

// done puts a sweep of a work into a bucket.
func done(t *testing.T, b bucket.Bucket, id, work string, records ...results.Record) {
	t.Helper()
	if err := store.WriteSweep(t.Context(), b, store.Sweep{ID: id, Trials: len(records), Work: work}); err != nil {
		t.Fatal(err)
	}
	p := store.NewPacker()
	for _, r := range records {
		if err := p.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Put(t.Context(), results.BatchName(id, 0, ""), bytes.NewReader(p.Pack())); err != nil {
		t.Fatal(err)
	}
	if err := store.WriteWork(t.Context(), b, work, id); err != nil {
		t.Fatal(err)
	}
}

// Of 30,000 results each is found, and the bucket is asked a few times.
func TestMemoAsksTheBucketOnce(t *testing.T) {
	b := &asked{Bucket: &bucket.Memory{}}
	var all []results.Record
	for trial := range 30_000 {
		all = append(all, worked("s", trial))
	}
	done(t, b, "s", "w", all...)
	b.requests = 0
	ids, err := store.WorkSweeps(t.Context(), b, "w")
	if err != nil {
		t.Fatal(err)
	}
	m, err := store.ReadMemo(t.Context(), b, "w", ids, 0)
	if err != nil {
		t.Fatal(err)
	}
	for trial := range 30_000 {
		from, points, end, ok := m.Find(fmt.Sprint("key ", trial))
		if !ok || from != (results.Ran{Sweep: "s", Trial: trial, Attempt: 1}) || len(points) != 2 || end.Points != 2 {
			t.Fatalf("trial %d: %v, %d points, %v", trial, from, len(points), ok)
		}
	}
	if b.requests > 20 {
		t.Errorf("%d requests", b.requests)
	}
	if _, _, _, ok := m.Find("key 30000"); ok {
		t.Error("what nobody did is found")
	}
}

// What the index says is believed of no sweep whose own results say otherwise, and no attempt that did less than the work.
func TestMemoBelievesOnlyRecords(t *testing.T) {
	var b bucket.Memory
	change := func(trial int, f func(*results.Record)) results.Record {
		r := worked("s", trial)
		f(&r)
		return r
	}
	rest := change(7, func(r *results.Record) { r.First, r.Points = 1, r.Points[1:] })
	done(t, &b, "s", "w",
		worked("s", 0),
		change(1, func(r *results.Record) { r.End.State = sweep.AttemptFailed }),
		change(2, func(r *results.Record) { r.End.Final = false }),
		change(3, func(r *results.Record) { r.End.Stop = &sweep.StopDecision{Trial: 3} }),
		change(4, func(r *results.Record) { r.End.Points = 3 }), // one is missing
		change(5, func(r *results.Record) { r.End.Key = "" }),
		change(6, func(r *results.Record) { r.End.EndMs = 2001 }),
		rest, // before the point that precedes it
		change(7, func(r *results.Record) { r.Points, r.End = r.Points[:1], nil }),
		change(8, func(r *results.Record) { r.End.State = sweep.AttemptCached }), // of nobody
		change(9, func(r *results.Record) {
			r.End.State, r.End.From = sweep.AttemptCached, &results.Ran{Sweep: "gone", Trial: 3, Attempt: 1}
		}),
	)
	done(t, &b, "other", "w2", worked("other", 20))
	done(t, &b, "damaged", "w", worked("damaged", 21))
	done(t, &b, "twice", "w", worked("twice", 10), worked("twice", 10), // written again after a kill -9
		change(11, func(r *results.Record) { r.Sweep, r.Points, r.End = "twice", r.Points[:1], nil }),
		worked("twice", 11))
	if err := b.Put(t.Context(), results.BatchName("damaged", 0, ""), bytes.NewReader([]byte("not a batch"))); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"other", "deleted"} {
		if err := store.WriteWork(t.Context(), &b, "w", id); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Put(t.Context(), results.WorkName("w", "a/b"), bytes.NewReader(nil)); err != nil {
		t.Fatal(err)
	}
	ids, err := store.WorkSweeps(t.Context(), &b, "w")
	if err != nil || fmt.Sprint(ids) != "[damaged deleted other s twice]" {
		t.Fatalf("%v, %v", ids, err)
	}
	m, err := store.ReadMemo(t.Context(), &b, "w", ids, 2000)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(m.Sweeps) != "[damaged s twice]" || len(m.Skipped) != 1 {
		t.Errorf("read %v, skipped %v", m.Sweeps, m.Skipped)
	}
	for trial := range 30 {
		from, points, _, ok := m.Find(fmt.Sprint("key ", trial))
		if want := trial == 0 || trial == 7 || trial >= 9 && trial <= 11; ok != want || ok && len(points) != 2 {
			t.Errorf("trial %d: found %v, want %v, with %d points", trial, ok, want, len(points))
		}
		if trial == 9 && from.Sweep != "gone" {
			t.Errorf("trial 9 is of %v", from)
		}
	}
}

// An attempt of whose files one is gone, as its sweep did not keep it, stands for nothing; another that has its own does.
func TestMemoOfFilesThatAreGone(t *testing.T) {
	var b bucket.Memory
	leave := func(id string, trial int, there ...string) results.Record {
		r := worked(id, trial)
		r.End.Files = []results.Artifact{{Name: "plots/b.png"}, {Name: "a"}}
		for _, name := range there {
			if err := b.Put(t.Context(), results.ArtifactsPrefix(id, trial, 1)+name, bytes.NewReader(nil)); err != nil {
				t.Fatal(err)
			}
		}
		return r
	}
	copied := leave("copy", 1)
	copied.End.State, copied.End.From = sweep.AttemptCached, &results.Ran{Sweep: "first", Trial: 1, Attempt: 1}
	done(t, &b, "copy", "w", copied)
	done(t, &b, "first", "w", leave("first", 0, "a", "plots/b.png", "other"), leave("first", 1), leave("first", 2, "a", "b.png"), worked("first", 3))
	done(t, &b, "last", "w", leave("last", 2, "a", "plots/b.png"))
	done(t, &b, "running", "w", leave("running", 1, "a", "plots/b.png"), worked("running", 4)) // and is to keep its winner's alone
	if err := store.WriteSweep(t.Context(), &b, store.Sweep{ID: "running", Trials: 5, Work: "w", Prunes: true}); err != nil {
		t.Fatal(err)
	}
	for id, pruned := range map[string]string{"ended": "", "pruned": "2026-01-02T00:00:00Z"} { // cut off before it could remove files, and not
		done(t, &b, id, "w", leave(id, len(id), "a", "plots/b.png"))
		if err := store.WriteSweep(t.Context(), &b, store.Sweep{
			ID: id, Trials: 9, Work: "w", Prunes: true, Finished: "2026-01-01T00:00:00Z", Pruned: pruned,
		}); err != nil {
			t.Fatal(err)
		}
	}
	m, err := store.ReadMemo(t.Context(), &b, "w", []string{"copy", "first", "last", "running", "ended", "pruned"}, 0)
	if err != nil || len(m.Skipped) > 0 {
		t.Fatal(err, m.Skipped)
	}
	for trial, want := range []string{"first", "", "last", "first", "running", "", "pruned"} {
		from, _, _, ok := m.Find(fmt.Sprint("key ", trial))
		if ok != (want != "") || from.Sweep != want {
			t.Errorf("trial %d: found %v, of %v, want %q", trial, ok, from, want)
		}
	}
}
