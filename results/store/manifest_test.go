package store_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/buckettest"
	"github.com/kaon-sweep/kaon/results/store"
)

// No manifest is written that is not read again: a board is refused, and a front is cut.
func TestManifestsAreNotWrittenTooLarge(t *testing.T) {
	var b bucket.Memory
	long := strings.Repeat("x", 1<<20)
	many := board.Summary{Sweep: "s"}
	w := board.Winner{Sweep: "s", Params: []byte(`{}`), ParetoSize: 1000}
	for i := range 40 {
		many.Goals = append(many.Goals, long)
		w.Pareto = append(w.Pareto, board.ParetoTrial{ParetoPoint: board.ParetoPoint{Trial: i}, Params: json.RawMessage(`{"x": "` + long + `"}`)})
	}
	if err := store.WriteBoard(t.Context(), &b, many); !errors.Is(err, bucket.ErrTooLarge) || !strings.Contains(err.Error(), "board.json") {
		t.Errorf("a board of 40 MB: %v", err)
	}
	if _, err := b.Stat(t.Context(), results.ObjectName("s", results.BoardFile)); !errors.Is(err, bucket.ErrNotExist) {
		t.Errorf("it is there: %v", err)
	}
	if err := store.WriteWinner(t.Context(), &b, w); err != nil {
		t.Fatal(err)
	}
	if got, err := store.ReadWinner(t.Context(), &b, "s"); err != nil || len(got.Pareto) != 10 || got.ParetoSize != 1000 {
		t.Errorf("%d of a front of %d, %v", len(got.Pareto), got.ParetoSize, err)
	}
}

// A board.json that cannot be read, as one that an older kaon wrote too large, is told: whether records are missing is not known.
func TestLargeBoardIsDamage(t *testing.T) {
	var b bucket.Memory
	s := store.Sweep{ID: "s", Trials: 1, Finished: "2026-01-02T03:04:05Z"}
	fillBucket(t, &b, []results.Record{small(0)})
	if _, damage, err := store.LoadSweep(t.Context(), &b, s); err != nil || len(damage) > 0 {
		t.Fatalf("without a board: %v, %v", damage, err)
	}
	if err := b.Put(t.Context(), results.ObjectName("s", results.BoardFile), strings.NewReader(strings.Repeat(" ", 17<<20))); err != nil {
		t.Fatal(err)
	}
	if _, err := store.ReadBoard(t.Context(), &b, "s"); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("read by itself: %v", err)
	}
	_, damage, err := store.LoadSweep(t.Context(), &b, s)
	if err != nil || len(damage) != 1 || !errors.Is(damage[0].Err, bucket.ErrTooLarge) || !strings.HasSuffix(damage[0].Object, "board.json") {
		t.Errorf("%v, %v", damage, err)
	}
}

// Several sweeps that are denied do not deny the one that answers, wherever it stands among them.
func TestDeniesAll(t *testing.T) {
	var in bucket.Memory
	all := &buckettest.Denying{Bucket: &in, All: true}
	some := bucket.Bucket(&in)
	for _, id := range []string{"a", "b", "c"} {
		if err := store.WriteSweep(t.Context(), &in, store.Sweep{ID: id}); err != nil {
			t.Fatal(err)
		}
		if id != "c" {
			some = &buckettest.Denying{Bucket: some, Object: results.ObjectName(id, results.SweepFile)}
		}
	}
	for _, c := range []struct {
		in     bucket.Bucket
		others []string
		want   error
	}{
		{some, []string{"a", "b", "c"}, nil}, {some, []string{"b", "none"}, nil},
		{some, []string{"a", "b"}, bucket.ErrDenied},
		{some, nil, bucket.ErrDenied}, {all, []string{"a", "b", "c"}, bucket.ErrDenied},
	} {
		if err := store.DeniesAll(t.Context(), c.in, bucket.ErrDenied, slices.Values(c.others)); !errors.Is(err, c.want) {
			t.Errorf("%v: %v, want %v", c.others, err, c.want)
		}
	}
}
