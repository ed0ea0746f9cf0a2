package simtest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// faultyBucket is bucket.Memory that may be slow, down, or leave half an object.
type faultyBucket struct {
	w    *world
	real bucket.Memory
	down time.Time // until when
	slow time.Time
}

func newBucket() *faultyBucket { return &faultyBucket{} }

func (b *faultyBucket) isDown() bool { return b.w.now.Before(b.down) }

// put writes an object, and says how it went after a while. Half an object may stay behind.
func (b *faultyBucket) put(name string, data []byte, done func(error)) {
	w := b.w
	wait := w.some(time.Millisecond, 20*time.Millisecond)
	if w.now.Before(b.slow) {
		wait = w.some(time.Second, 10*time.Second)
	}
	if b.isDown() {
		w.after(wait, func() { done(bucket.ErrUnavailable) })
		return
	}
	w.after(wait, func() {
		if arg, ok := w.takeArmed(BucketTorn); ok {
			cut := data[:int(arg)%len(data)]
			w.counted(BucketTorn, "%s: %d of %d bytes", name, len(cut), len(data))
			b.write(name, cut)
			done(bucket.ErrUnavailable)
			return
		}
		b.write(name, data)
		done(nil)
	})
}

func (b *faultyBucket) write(name string, data []byte) {
	if err := b.real.Put(context.Background(), name, bytes.NewReader(data)); err != nil {
		b.w.fail("put %s: %v", name, err)
	}
}

// writer brings one sweep's records to the bucket, in batches of the real format and by the rules of store.Writer,
// which itself needs goroutines and a real clock.
type writer struct {
	p      *process
	sweep  string
	queue  []queued
	packer *store.Packer
	next   uint64 // number of the next batch
	busy   bool   // a batch is on its way, or waits for its time
	behind bool   // records were refused, the journal has them
	taken  uint64 // highest number taken in or written
	last   uint64 // highest number offered
}

type queued struct {
	number uint64
	record results.Record
}

// writerBound is how many records a writer holds before it refuses more, small enough that it happens.
const writerBound = 24

func newWriter(p *process, sweep string) *writer {
	wr := &writer{p: p, sweep: sweep, packer: store.NewPacker()}
	for o, err := range p.w.bucket.real.List(context.Background(), results.RecordsPrefix(sweep)) {
		if err != nil {
			p.w.fail("list records: %v", err)
			break
		}
		var n uint64
		if _, err := fmt.Sscanf(strings.TrimPrefix(o.Name, results.RecordsPrefix(sweep)), "%d-", &n); err == nil && n >= wr.next {
			wr.next = n + 1
		}
	}
	return wr
}

// add takes a record, or leaves it to the journal.
func (wr *writer) add(number uint64, r results.Record) {
	wr.last = number
	if wr.behind || len(wr.queue) >= writerBound {
		wr.behind = true
	} else {
		wr.queue = append(wr.queue, queued{number, r})
		wr.taken = number
	}
	wr.plan(wr.p.w.some(100*time.Millisecond, 3*time.Second))
}

// plan writes a batch after a while, one at a time.
func (wr *writer) plan(wait time.Duration) {
	if wr.busy {
		return
	}
	wr.busy = true
	wr.p.w.after(wait, func() {
		if wr.p.dead {
			return
		}
		wr.write()
	})
}

// write puts what waits, or what was refused.
func (wr *writer) write() {
	if len(wr.queue) == 0 && wr.behind {
		wr.replay()
	}
	if len(wr.queue) == 0 {
		wr.busy = false
		return
	}
	batch := wr.queue
	wr.queue = nil
	for _, q := range batch {
		if err := wr.packer.Add(q.record); err != nil {
			wr.p.w.fail("pack record %d: %v", q.number, err)
			return
		}
	}
	wr.insist(results.BatchName(wr.sweep, wr.next, fmt.Sprint(wr.p.number)), wr.packer.Pack(), batch[len(batch)-1].number)
}

// insist puts a batch until it is in the bucket.
func (wr *writer) insist(name string, data []byte, through uint64) {
	w := wr.p.w
	if w.bug == TrustBucket {
		wr.p.do(scheduler.RecordsStored{Sweep: wr.sweep, Through: through})
	}
	w.bucket.put(name, data, func(err error) {
		switch {
		case wr.p.dead:
		case err != nil:
			w.after(w.some(200*time.Millisecond, 2*time.Second), func() {
				if !wr.p.dead {
					wr.insist(name, data, through)
				}
			})
		default:
			wr.next++
			wr.p.do(scheduler.RecordsStored{Sweep: wr.sweep, Through: through})
			wr.busy = false
			if len(wr.queue) > 0 || wr.behind {
				wr.plan(w.some(10*time.Millisecond, time.Second))
			}
		}
	})
}

// replay takes from the journal what was refused.
func (wr *writer) replay() {
	for e, err := range wr.p.journal.Load() {
		if err != nil {
			wr.p.w.fail("read journal: %v", err)
			return
		}
		if r, ok := e.(journal.RecordEntry); ok && r.Sweep == wr.sweep && r.Number > wr.taken {
			wr.queue = append(wr.queue, queued{r.Number, r.Record})
			wr.taken = r.Number
		}
	}
	slices.SortFunc(wr.queue, func(a, b queued) int { return int(a.number) - int(b.number) })
	wr.behind = wr.taken < wr.last
}
