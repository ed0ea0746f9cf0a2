package store

import (
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/results"
)

// Limits say when a batch is due, and how much may wait for it.
type Limits struct {
	BatchBytes int           // a batch is due when it has this many
	BatchWait  time.Duration // or when its first record has waited so long
	Bound      int           // most bytes of records held in memory
	Replays    bool          // what is refused can be read again; else it is lost
}

// Batcher decides which records go to the bucket together, and when. It is pure: whoever owns one says what
// time it is, so that Writer and the simulation follow the same rules. Records that would exceed the bound
// are refused; from then on it is behind, and takes no more until what was refused has been read again from
// whoever keeps the records durably.
type Batcher struct {
	limits  Limits
	queue   []queued
	batch   []queued  // handed out by Next, not yet written
	bytes   int       // of queue and of that batch
	oldest  time.Time // when queue[0] came
	behind  bool
	lost    uint64
	flushed uint64 // all records up to this number are in the bucket
	written uint64 // highest number in the bucket
	offered uint64 // highest number Add was given
}

type queued struct {
	seq    uint64
	bytes  int
	record results.Record
}

// NewBatcher is a batcher with nothing to write.
func NewBatcher(l Limits) *Batcher { return &Batcher{limits: l} }

// Add takes a record with its number; numbers rise. It says whether the record was taken, or is in the bucket already
// since it was read again before it came, and whether what Next last said holds no more.
func (b *Batcher) Add(now time.Time, seq uint64, r results.Record) (taken, news bool) {
	size := estimate(&r)
	b.offered = seq
	switch {
	case seq <= b.written:
		return true, false
	case b.behind:
		return false, false
	case b.bytes+size <= b.limits.Bound:
	case b.limits.Replays:
		b.behind = true
		return false, true
	default:
		b.lost++
		return false, false
	}
	if len(b.queue) == 0 {
		b.oldest = now
		news = true
	}
	if b.bytes < b.limits.BatchBytes && b.bytes+size >= b.limits.BatchBytes {
		news = true
	}
	b.queue = append(b.queue, queued{seq, size, r})
	b.bytes += size
	return true, news
}

// Next is what is to be done now: one of its fields is set. What it says is done before it is asked again.
type Next struct {
	Batch   []results.Record // to be written, and then Wrote is called
	Through uint64           // the number of the batch's last record
	Replay  bool             // records after number After are to be read again; see Replayed and ReplayEnds
	After   uint64
	Wait    time.Duration // nothing is to be done for so long, or until Add has news
	Done    bool          // nothing is left, and it is closing
}

// idle is how long a batcher with nothing to write may be left alone.
const idle = time.Hour

// maxWaitFactor is by how much waits may grow with the number of batches: a minute at the default, so that a
// sweep of twelve hours makes about a thousand objects and one of a minute a dozen.
const maxWaitFactor = 12

// Next decides what is to be done. Objects is how many the bucket has of this sweep; closing: what waits is
// due.
func (b *Batcher) Next(now time.Time, objects uint64, closing bool) Next {
	if len(b.queue) == 0 {
		switch {
		case b.behind:
			return Next{Replay: true, After: b.written}
		case closing:
			return Next{Done: true}
		}
		return Next{Wait: idle}
	}
	wait := b.limits.BatchWait * time.Duration(1+min(objects/100, maxWaitFactor-1))
	age := now.Sub(b.oldest)
	if !closing && !b.behind && b.bytes < b.limits.BatchBytes && age < wait {
		return Next{Wait: wait - age}
	}
	n, size := 0, 0
	for n < len(b.queue) && (n == 0 || size+b.queue[n].bytes <= b.limits.BatchBytes) {
		size += b.queue[n].bytes
		n++
	}
	b.batch = slices.Clone(b.queue[:n])
	clear(b.queue[:n]) // or the array would hold on to the records
	b.queue = b.queue[n:]
	next := Next{Through: b.batch[n-1].seq}
	for _, q := range b.batch {
		next.Batch = append(next.Batch, q.record)
	}
	return next
}

// Hurry has all that waits now be due.
func (b *Batcher) Hurry() { b.oldest = time.Time{} }

// Wrote says that the batch that Next gave is in the bucket. It returns the number up to which all records
// are.
func (b *Batcher) Wrote() uint64 {
	for _, q := range b.batch {
		b.bytes -= q.bytes
		b.wrote(q.seq)
	}
	b.batch = nil
	return b.flushed
}

// Replayed says that what was read again, up to number through, is in the bucket. It returns the number up to
// which all records are.
func (b *Batcher) Replayed(through uint64) uint64 {
	b.wrote(through)
	return b.flushed
}

// ReplayEnds says that all there was to read has been read. The batcher takes records again, unless some were
// refused meanwhile. It must not do so any sooner, or what it takes might be read again too.
func (b *Batcher) ReplayEnds() { b.behind = b.behind && b.written < b.offered }

func (b *Batcher) wrote(seq uint64) {
	b.written = max(b.written, seq)
	if b.lost == 0 {
		b.flushed = b.written
	}
}

// Lose says that a record cannot be written.
func (b *Batcher) Lose() { b.lost++ }

// Pending is the records that are in memory and not in the bucket yet.
func (b *Batcher) Pending() []results.Record {
	out := make([]results.Record, 0, len(b.batch)+len(b.queue))
	for _, q := range slices.Concat(b.batch, b.queue) {
		out = append(out, q.record)
	}
	return out
}

// Status is how the batcher is doing; Batches and Err are its owner's to say.
func (b *Batcher) Status() Status {
	return Status{Flushed: b.flushed, Waiting: len(b.queue) + len(b.batch), Bytes: b.bytes, Behind: b.behind,
		Lost: b.lost}
}

// Status is how a writer is doing.
type Status struct {
	Flushed uint64 // all records up to this number are in the bucket
	Waiting int    // records in memory
	Bytes   int    // their size, estimated
	Batches int    // written by this writer
	Behind  bool   // Add refuses records; they will come through Replay
	Lost    uint64 // records that will not reach the bucket
	Err     error  // of the last try, nil when it succeeded
}

// estimate is about what a record takes in memory and at most what it takes encoded.
func estimate(r *results.Record) int {
	n := 128
	for _, p := range r.Points {
		n += 64
		for name := range p.Metrics {
			n += 24 + len(name)
		}
		if p.Note != nil {
			n += 64 + len(p.Note.Milestone) + len(p.Note.Name) + len(p.Note.Value)
		}
	}
	if e := r.End; e != nil {
		n += 256 + len(e.Params) + len(e.Sandbox) + len(e.Reason) + len(e.Agent)
		for _, line := range e.Stderr {
			n += 16 + len(line)
		}
	}
	return n
}
