package simtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// writer brings one sweep's records to the bucket as store.Writer does, in virtual time: what is written
// when, what is refused and what is read again are decided by the same store.Batcher, and cut by the same
// store.Cutter.
type writer struct {
	p       *process
	sweep   string
	batcher *store.Batcher
	cutter  *store.Cutter
	busy    bool      // objects are on their way
	planned time.Time // of the next look; zero: none
}

// Limits small enough that all of them are met: some four records make a batch, and some twenty are refused.
const (
	batchBytes  = 1000
	writerBound = 5000
)

func newWriter(p *process, sweep string) *writer {
	limits := store.Limits{
		BatchBytes: batchBytes, BatchWait: p.w.between(100*time.Millisecond, 3*time.Second), Bound: writerBound,
		Replays: true,
	}
	wr := &writer{p: p, sweep: sweep, batcher: store.NewBatcher(limits),
		cutter: store.NewCutter(sweep, fmt.Sprint(p.number))}
	for o, err := range p.w.bucket.real.List(context.Background(), results.RecordsPrefix(sweep)) {
		if err != nil {
			p.w.fail("list records: %v", err)
			break
		}
		wr.cutter.Exists(o.Name)
	}
	return wr
}

// add takes a record, or leaves it to the journal.
func (wr *writer) add(number uint64, r results.Record) {
	if _, news := wr.batcher.Add(wr.p.w.now, number, r); news {
		wr.plan(0)
	}
}

// plan looks after a while at what is to be done, unless it does so before.
func (wr *writer) plan(wait time.Duration) {
	at := wr.p.w.now.Add(wait)
	if !wr.planned.IsZero() && !wr.planned.After(at) {
		return
	}
	wr.planned = at
	wr.p.w.queue.Set(at, func(time.Time) {
		if wr.planned.Equal(at) {
			wr.planned = time.Time{}
			wr.look()
		}
	})
}

// look does what is to be done.
func (wr *writer) look() {
	if wr.busy || wr.p.dead {
		return
	}
	next := wr.batcher.Next(wr.p.w.now, wr.cutter.Objects(), false)
	switch {
	case next.Batch != nil:
		for _, r := range next.Batch {
			wr.pack(r)
		}
		wr.put(next.Through, wr.batcher.Wrote)
	case next.Replay:
		wr.replay(next.After)
	default:
		wr.plan(next.Wait)
	}
}

func (wr *writer) pack(r results.Record) {
	if err := wr.cutter.Add(r); err != nil {
		wr.p.w.fail("pack a record of trial %d: %v", r.Trial, err)
	}
}

// put brings what is packed into the bucket, and then says so.
func (wr *writer) put(through uint64, wrote func() uint64) {
	wr.busy = true
	wr.cutter.Cut()
	if wr.p.w.mutation == TrustBucket {
		wr.stored(through)
	}
	wr.putNext(func() {
		wr.busy = false
		wr.stored(wrote())
		wr.plan(0)
	})
}

func (wr *writer) stored(through uint64) {
	wr.p.do(scheduler.RecordsStored{Sweep: wr.sweep, Through: through})
}

// putNext puts the objects that are cut, one after the other.
func (wr *writer) putNext(done func()) {
	o, ok := wr.cutter.Take()
	if !ok {
		done()
		return
	}
	wr.insist(o, func() { wr.putNext(done) })
}

// insist puts an object until it is in the bucket.
func (wr *writer) insist(o store.Object, done func()) {
	w := wr.p.w
	w.bucket.put(o.Name, o.Data, func(err error) {
		switch {
		case wr.p.dead:
		case err != nil:
			w.after(w.between(200*time.Millisecond, 2*time.Second), func() {
				if !wr.p.dead {
					wr.insist(o, done)
				}
			})
		default:
			done()
		}
	})
}

// replay writes what the journal has and the batcher refused.
func (wr *writer) replay(after uint64) {
	var refused []journal.RecordEntry
	for e, err := range wr.p.journal.Load() {
		if err != nil {
			wr.p.w.fail("read journal: %v", err)
			return
		}
		if r, ok := e.(journal.RecordEntry); ok && r.Sweep == wr.sweep && r.Number > after {
			refused = append(refused, r)
		}
	}
	if len(refused) == 0 { // the journal does not have yet what was refused
		wr.batcher.ReplayEnds()
		wr.plan(200 * time.Millisecond)
		return
	}
	slices.SortFunc(refused, func(a, b journal.RecordEntry) int { return int(a.Number) - int(b.Number) })
	for _, r := range refused {
		wr.pack(r.Record)
	}
	wr.p.w.replays++
	last := refused[len(refused)-1].Number
	wr.put(last, func() uint64 {
		flushed := wr.batcher.Replayed(last)
		wr.batcher.ReplayEnds()
		return flushed
	})
}
