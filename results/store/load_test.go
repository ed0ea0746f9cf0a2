package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

// fillBucket packs records into batches as a writer does.
func fillBucket(t testing.TB, b bucket.Bucket, records []results.Record) {
	t.Helper()
	p := store.NewPacker()
	n := uint64(0)
	flush := func() {
		if err := b.Put(t.Context(), results.BatchName("s", n, ""), bytes.NewReader(p.Pack())); err != nil {
			t.Fatal(err)
		}
		n++
	}
	for _, r := range records {
		if err := p.Add(r); err != nil {
			t.Fatal(err)
		}
		if p.Len() > 1<<20 {
			flush()
		}
	}
	flush()
}

func TestLoadSkipsAndReportsDamage(t *testing.T) {
	var b bucket.Memory
	s := store.Sweep{ID: "s", Trials: 4, Objective: sweep.Metric{Name: "loss", Goal: sweep.Minimize}}
	if err := store.WriteSweep(t.Context(), &b, s); err != nil {
		t.Fatal(err)
	}
	put := func(n uint64, data []byte) {
		t.Helper()
		if err := b.Put(t.Context(), results.BatchName("s", n, ""), bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		put(uint64(i), encode(t, small(i)))
	}
	whole := encode(t, small(3))
	put(3, whole[:len(whole)/2])
	put(4, nil)
	whole[len(whole)-1] ^= 1
	put(5, whole)
	board, damage, err := store.Load(t.Context(), &b, "s")
	if err != nil {
		t.Fatal(err)
	}
	if c := board.Counts(); c.Running != 3 || c.Waiting != 1 || c.Total != 4 {
		t.Errorf("%+v", c)
	}
	want := []error{store.ErrTruncated, store.ErrTruncated, store.ErrCorrupt}
	if len(damage) != len(want) {
		t.Fatalf("damage %v", damage)
	}
	for i, d := range damage {
		if d.Object != results.BatchName("s", uint64(3+i), "") || !errors.Is(d.Err, want[i]) {
			t.Errorf("damage %v, want %v", d, want[i])
		}
	}

	whole[15] = 9
	put(6, whole)
	if _, _, err := store.Load(t.Context(), &b, "s"); !errors.Is(err, store.ErrVersion) || !strings.Contains(err.Error(), "00000006") {
		t.Errorf("a batch of a newer kaon: %v", err)
	}
	put(6, encode(t, results.Record{Sweep: "other"}, small(99), small(3)))
	board, damage, err = store.Load(t.Context(), &b, "s")
	if err != nil || board.Counts().Running != 4 {
		t.Errorf("%+v, %v", board.Counts(), err)
	}
	if d := damage[len(damage)-1]; len(damage) != 4 || d.Object != results.BatchName("s", 6, "") || !strings.Contains(d.Err.Error(), `"other"`) {
		t.Errorf("a record of another sweep: %v", damage)
	}
	if _, _, err := store.Load(t.Context(), &b, "nobody"); !errors.Is(err, bucket.ErrNotExist) {
		t.Errorf("a sweep that is not there: %v", err)
	}
}

// failing is a bucket that cannot read one of its objects.
type failing struct {
	bucket.Memory
	name string
}

func (f *failing) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if name == f.name {
		return nil, fmt.Errorf("get %s: %w", name, syscall.EIO)
	}
	return f.Memory.Get(ctx, name)
}

// A batch that cannot be read, or is larger than any, costs what was in it; Repair moves the large one aside, whole.
func TestBatchThatCannotBeRead(t *testing.T) {
	b := &failing{name: results.BatchName("s", 1, "")}
	if err := store.WriteSweep(t.Context(), b, store.Sweep{ID: "s", Trials: 4}); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		data := encode(t, small(i))
		if i == 2 {
			data = append(data, make([]byte, 20<<20)...)
		}
		if err := b.Put(t.Context(), results.BatchName("s", uint64(i), ""), bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	all, damage, err := store.Load(t.Context(), b, "s")
	if err != nil || all.Counts().Running != 2 || len(damage) != 2 || !errors.Is(damage[0].Err, syscall.EIO) ||
		!errors.Is(damage[1].Err, store.ErrCorrupt) || damage[1].Object != results.BatchName("s", 2, "") {
		t.Fatalf("%v, %v", damage, err)
	}
	if _, err := store.Repair(t.Context(), b, "s", damage, nil, "then"); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "by hand") {
		t.Errorf("what cannot be read is moved: %v", err)
	}
	unread := b.name
	b.name = ""
	if aside, err := store.Repair(t.Context(), b, "s", damage, nil, "then"); err == nil || len(aside) > 0 || !strings.Contains(err.Error(), "repair again") {
		t.Errorf("what can be read again is moved: %v, %v", aside, err)
	}
	if _, again, err := store.Load(t.Context(), b, "s"); err != nil || len(again) != 1 || again[0].Object != results.BatchName("s", 2, "") {
		t.Errorf("what can be read again is not whole: %v, %v", again, err)
	}
	b.name = unread
	if err := b.Delete(t.Context(), b.name); err != nil { // by hand
		t.Fatal(err)
	}
	aside, err := store.Repair(t.Context(), b, "s", damage[1:], nil, "then")
	if err != nil || len(aside) != 1 {
		t.Fatalf("%v, %v", aside, err)
	}
	if o, err := b.Stat(t.Context(), aside[0]); err != nil || o.Size < 20<<20 {
		t.Errorf("kept aside: %+v, %v", o, err)
	}
	if all, damage, err = store.Load(t.Context(), b, "s"); err != nil || len(damage) > 0 || all.Counts().Running != 2 {
		t.Errorf("repaired: %v, %v", damage, err)
	}
}
