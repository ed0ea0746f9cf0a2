package store_test

import (
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/store"
)

// A batcher is told the time: what is due depends on nothing else.
func TestBatcherIsPure(t *testing.T) {
	now := time.Unix(0, 0)
	b := store.NewBatcher(store.Limits{BatchBytes: 1 << 20, BatchWait: 5 * time.Second, Bound: 600, Replays: true})
	add := func(seq uint64, wantTaken, wantNews bool) {
		t.Helper()
		if taken, news := b.Add(now, seq, small(int(seq))); taken != wantTaken || news != wantNews {
			t.Errorf("record %d: taken %v, news %v", seq, taken, news)
		}
	}
	add(1, true, true)
	now = now.Add(2 * time.Second)
	add(2, true, false)
	if n := b.Next(now, 0, false); n.Wait != 3*time.Second {
		t.Errorf("after 2 s: %+v", n)
	}
	add(3, false, true) // beyond the bound
	add(4, false, false)
	if n := b.Next(now, 0, false); len(n.Batch) != 2 || n.Through != 2 {
		t.Errorf("behind: %+v", n)
	}
	add(5, false, false)
	if got := b.Wrote(); got != 2 {
		t.Errorf("all up to %d is written", got)
	}
	if n := b.Next(now, 0, false); !n.Replay || n.After != 2 {
		t.Errorf("nothing left but what was refused: %+v", n)
	}
	b.Replayed(4)
	add(6, false, false) // the replay still goes on, and will bring it
	b.Replayed(5)
	b.ReplayEnds()
	if n := b.Next(now, 0, false); !n.Replay || n.After != 5 {
		t.Errorf("record 6 was refused meanwhile: %+v", n)
	}
	b.Replayed(6)
	b.ReplayEnds()
	add(6, true, false) // as it was read again, it is there
	add(7, true, true)
	if n := b.Next(now, 0, true); len(n.Batch) != 1 {
		t.Errorf("closing: %+v", n)
	}
	b.Wrote()
	if n := b.Next(now, 0, true); !n.Done {
		t.Errorf("closed: %+v", n)
	}
}
