package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/buckettest"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

// journal is the durable home of records, as the writer sees it.
type journal struct {
	mu      sync.Mutex
	records []results.Record // number i+1
}

func (j *journal) append(r results.Record) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.records = append(j.records, r)
	return uint64(len(j.records))
}

func (j *journal) replay(after uint64, yield func(uint64, results.Record) bool) error {
	j.mu.Lock()
	rest := j.records[after:]
	j.mu.Unlock()
	for i, r := range rest {
		if !yield(after+uint64(i)+1, r) {
			break
		}
	}
	return nil
}

// small is record i of a sweep: one point of trial i.
func small(i int) results.Record {
	return results.Record{Sweep: "s", Trial: i, Points: []results.Point{{Step: int64(i), Metrics: map[string]float64{"loss": float64(i)}}}}
}

// start runs a writer until the test is over.
func start(t *testing.T, cfg store.Config) *store.Writer {
	t.Helper()
	cfg.Sweep = "s"
	w := store.NewWriter(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := w.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return w
}

// trials is how often the bucket's batches name each trial.
func trials(t *testing.T, b bucket.Bucket) map[int]int {
	t.Helper()
	seen := map[int]int{}
	damage, err := store.EachRecord(t.Context(), b, "s", func(r results.Record) error {
		seen[r.Trial]++
		return nil
	})
	if err != nil || damage != nil {
		t.Fatal(err, damage)
	}
	return seen
}

func objects(t *testing.T, b bucket.Bucket) (names []string) {
	t.Helper()
	for o, err := range b.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimPrefix(o.Name, "sweeps/s/records/"))
	}
	return names
}

func TestWriterBatchesByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bucket.Memory
		var written []uint64
		w := start(t, store.Config{Bucket: &b, Epoch: "x", BatchWait: 5 * time.Second, Written: func(seq uint64) { written = append(written, seq) }})
		for i := range 12 { // a record a second
			w.Add(uint64(i+1), small(i))
			time.Sleep(time.Second)
			synctest.Wait()
		}
		if got := fmt.Sprint(objects(t, &b), written); got != "[00000000-x.msgpack.zst 00000001-x.msgpack.zst] [5 10]" {
			t.Errorf("batches and numbers %s", got)
		}
		if err := w.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if s := w.Status(); s.Flushed != 12 || s.Batches != 3 || s.Waiting != 0 || s.Bytes != 0 {
			t.Errorf("%+v", s)
		}
		if got := trials(t, &b); len(got) != 12 {
			t.Errorf("%d trials in the bucket", len(got))
		}
	})
}

// What is not in the bucket is pending, also while it is being put.
func TestWriterPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &buckettest.Faulty{}
		b.Fail(nil, true)
		w := start(t, store.Config{Bucket: b, BatchWait: 5 * time.Second, Timeout: time.Minute})
		pending := func() (trials []int) {
			for _, r := range w.Pending() {
				trials = append(trials, r.Trial)
			}
			return trials
		}
		w.Add(1, small(0))
		w.Add(2, small(1))
		time.Sleep(6 * time.Second) // a batch of both hangs
		w.Add(3, small(2))
		synctest.Wait()
		if got := fmt.Sprint(pending()); got != "[0 1 2]" {
			t.Errorf("pending: %s", got)
		}
		b.Fail(nil, false)
		if err := w.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if got := pending(); len(got) != 0 {
			t.Errorf("pending at the end: %v", got)
		}
	})
}

func TestWriterBatchesBySize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bucket.Memory
		w := start(t, store.Config{Bucket: &b, BatchBytes: 4000, BatchWait: time.Hour})
		for i := range 100 {
			w.Add(uint64(i+1), small(i))
			synctest.Wait()
		}
		s := w.Status()
		if s.Batches == 0 || s.Batches > 15 || s.Flushed == 0 {
			t.Errorf("%+v without any time passing", s)
		}
	})
}

// Twelve hours with a record every second make a thousand objects or so, not 8,640.
func TestWriterKeepsObjectsFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bucket.Memory
		w := start(t, store.Config{Bucket: &b})
		for i := range 12 * 3600 {
			w.Add(uint64(i+1), small(i))
			time.Sleep(time.Second)
		}
		if n := len(objects(t, &b)); n < 500 || n > 1500 {
			t.Errorf("%d objects", n)
		}
	})
}

func TestWriterGoesOnAfterWhatExists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bucket.Memory
		for _, name := range []string{"sweeps/s/records/00000040.msgpack.zst", "sweeps/s/records/00000041-w.msgpack.zst",
			"sweeps/s/records/7.msgpack.zst", "sweeps/s/records/notes.txt", "sweeps/s2/records/00000099.msgpack.zst"} {
			if err := b.Put(t.Context(), name, strings.NewReader("half written")); err != nil {
				t.Fatal(err)
			}
		}
		w := start(t, store.Config{Bucket: &b, Epoch: "x"})
		w.Add(1, small(0))
		if err := w.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Stat(t.Context(), results.BatchName("s", 42, "x")); err != nil {
			t.Error(err)
		}
	})
}

// A put that a killed process left under way may land after the next process has written its first batch.
func TestWriterIsNotOverwrittenByTheDead(t *testing.T) {
	var b bucket.Memory
	names := map[string]bool{}
	for range 3 { // none sees what the others have under way
		var one bucket.Memory
		w := start(t, store.Config{Bucket: &one})
		w.Add(1, small(0))
		if err := w.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, name := range objects(t, &one) {
			names[name] = true
			if err := b.Put(t.Context(), "sweeps/s/records/"+name, strings.NewReader("")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(names) != 3 {
		t.Errorf("three lives wrote %v", objects(t, &b))
	}
}

// A dead bucket holds nobody up, memory stays bounded, and when it is back everything arrives once.
func TestWriterOutlivesADeadBucket(t *testing.T) {
	for name, fail := range map[string]struct {
		err  error
		hang bool
	}{"refusing": {err: bucket.ErrDenied}, "hanging": {hang: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b buckettest.Faulty
				var j journal
				b.Fail(fail.err, fail.hang)
				const bound = 64 << 10
				w := start(t, store.Config{Bucket: &b, Bound: bound, BatchBytes: 8 << 10, Replay: j.replay})
				before := time.Now()
				for i := range 5000 {
					w.Add(j.append(small(i)), small(i))
				}
				if !time.Now().Equal(before) {
					t.Error("Add waited")
				}
				time.Sleep(10 * time.Minute)
				s := w.Status()
				if s.Bytes > bound || !s.Behind || s.Err == nil || s.Flushed != 0 {
					t.Errorf("while dead: %+v", s)
				}
				if b.Puts() < 5 || b.Puts() > 100 {
					t.Errorf("%d tries in ten minutes", b.Puts())
				}
				b.Fail(nil, false)
				for i := 5000; i < 6000; i++ {
					w.Add(j.append(small(i)), small(i))
					time.Sleep(100 * time.Millisecond)
				}
				if err := w.Close(t.Context()); err != nil {
					t.Error(err)
				}
				if s := w.Status(); s.Flushed != 6000 || s.Behind || s.Err != nil || s.Lost != 0 || s.Bytes != 0 {
					t.Errorf("afterwards: %+v", s)
				}
				wantOnce(t, &b, 6000)
			})
		})
	}
}

// wantOnce wants each of the first so many trials to be in the bucket once.
func wantOnce(t *testing.T, b bucket.Bucket, n int) {
	t.Helper()
	got := trials(t, b)
	for i := range n {
		if got[i] != 1 {
			t.Fatalf("trial %d is there %d times", i, got[i])
		}
	}
}

// A record that the journal has before the writer is told of it may be read again first: it is in the bucket once.
func TestWriterIsToldLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b buckettest.Faulty
		var j journal
		b.Fail(bucket.ErrUnavailable, false)
		w := start(t, store.Config{Bucket: &b, Bound: 1000, BatchBytes: 500, Replay: j.replay})
		for i := range 100 {
			w.Add(j.append(small(i)), small(i))
		}
		late := j.append(small(100))
		b.Fail(nil, false)
		time.Sleep(10 * time.Minute)
		if s := w.Status(); s.Behind || s.Flushed != late {
			t.Fatalf("caught up: %+v", s)
		}
		if !w.Add(late, small(100)) {
			t.Error("what is in the bucket is not taken")
		}
		if err := w.Close(t.Context()); err != nil {
			t.Error(err)
		}
		wantOnce(t, &b, 101)
	})
}

// Records that come while the writer reads others again are not forgotten.
func TestWriterIsAddedToWhileItReplays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b buckettest.Faulty
		var j journal
		b.Fail(bucket.ErrUnavailable, false)
		var w *store.Writer
		late := 0
		replay := func(after uint64, yield func(uint64, results.Record) bool) error {
			err := j.replay(after, yield)
			if late < 3 {
				late++
				r := small(1000 + late)
				w.Add(j.append(r), r)
			}
			return err
		}
		w = start(t, store.Config{Bucket: &b, Bound: 2000, Replay: replay})
		for i := range 100 {
			w.Add(j.append(small(i)), small(i))
		}
		b.Fail(nil, false)
		time.Sleep(10 * time.Minute)
		if err := w.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if got := trials(t, &b); len(got) != 103 || w.Flushed() != 103 || late != 3 {
			t.Errorf("%d trials, %+v", len(got), w.Status())
		}
	})
}

// A record beyond the bound comes by replay at once, though nothing else makes the writer look.
func TestWriterReplaysARecordBeyondTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bucket.Memory
		var j journal
		w := start(t, store.Config{Bucket: &b, Bound: 100, Replay: j.replay})
		synctest.Wait()
		if w.Add(j.append(small(0)), small(0)) {
			t.Fatal("a record beyond the bound was taken")
		}
		synctest.Wait()
		if w.Flushed() != 1 {
			t.Errorf("%+v", w.Status())
		}
	})
}

// Without anyone to read refused records from, they are lost and Flushed says so by standing still.
func TestWriterAdmitsLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b buckettest.Faulty
		b.Fail(bucket.ErrUnavailable, false)
		w := start(t, store.Config{Bucket: &b, Bound: 2000})
		taken := uint64(0)
		for i := range 100 {
			if w.Add(uint64(i+1), small(i)) {
				taken = uint64(i + 1)
			}
		}
		b.Fail(nil, false)
		time.Sleep(time.Minute)
		synctest.Wait()
		w.Add(101, small(100))
		err := w.Close(t.Context())
		s := w.Status()
		if err == nil || s.Lost != 100-taken || s.Lost == 0 || s.Flushed >= 100 {
			t.Errorf("%v, %+v, taken %d", err, s, taken)
		}
		if got := trials(t, &b); got[100] != 1 {
			t.Error("what came after the loss was not written")
		}
	})
}

func TestWriterCloseHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b buckettest.Faulty
		b.Fail(nil, true)
		w := start(t, store.Config{Bucket: &b})
		w.Add(1, small(0))
		w.Add(2, small(1))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		before := time.Now()
		err := w.Close(ctx)
		if !errors.Is(err, bucket.ErrUnavailable) || !strings.Contains(err.Error(), "up to number 0") {
			t.Error(err)
		}
		if took := time.Since(before); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
		if w.Add(3, small(2)) {
			t.Error("a closed writer took a record")
		}
	})
}

// Who does not want to wait any more is told that, and not that the bucket is to blame.
func TestWriterCloseIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b buckettest.Faulty
		b.Fail(nil, true)
		w := start(t, store.Config{Bucket: &b})
		w.Add(1, small(0))
		ctx, leave := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { leave(errors.New("somebody went")) })
		err := w.Close(ctx)
		if err == nil || errors.Is(err, bucket.ErrUnavailable) || !strings.HasSuffix(err.Error(), "up to number 0 only: somebody went") {
			t.Error(err)
		}
	})
}

// That Close has given up is no failure of Run: who runs it would take the server down.
func TestWriterGivenUpHasNotFailed(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, dead := range []bool{true, false} {
		var b buckettest.Faulty
		b.Fail(nil, dead)
		w := store.NewWriter(store.Config{Bucket: &b, Sweep: "s"})
		ended := make(chan error, 1)
		go func() { ended <- w.Run(t.Context()) }()
		w.Add(1, small(0))
		_ = w.Close(gone) // how much came to the bucket is not known
		if err := <-ended; err != nil {
			t.Errorf("a dead bucket (%v): %v", dead, err)
		}
	}
}

// A record larger than a batch may be is cut into several that say the same.
func TestWriterCutsLargeRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bucket.Memory
		big := results.Record{Sweep: "s", End: &results.End{State: sweep.AttemptSucceeded, Final: true}}
		name := strings.Repeat("long name ", 1000)
		for i := range 3000 {
			big.Points = append(big.Points, results.Point{Step: int64(i), Metrics: map[string]float64{name: float64(i)}})
		}
		big.End.Points = uint64(len(big.Points))
		w := start(t, store.Config{Bucket: &b, Bound: 1 << 30})
		w.Add(1, big)
		if err := w.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		board, damage, err := store.LoadRecords(t.Context(), &b, board.Config{Sweep: "s"})
		if err != nil || damage != nil {
			t.Fatal(err, damage)
		}
		if s := board.Summary(); s.Points != 3000 || s.Missing != 0 || s.Trials.Succeeded != 1 || w.Status().Batches < 4 {
			t.Errorf("%+v in %d batches", s, w.Status().Batches)
		}
	})
}
