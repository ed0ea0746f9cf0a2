package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
)

// Config is what a Writer needs. Bucket and Sweep must be set.
type Config struct {
	Bucket bucket.Bucket
	Sweep  string

	// Epoch is in the names of the batches, and tells this writer's from those of the writers before and
	// after it: letters and digits. Empty: a random one.
	Epoch string

	// Replay reads records again that Add refused: from whoever keeps them durably, the scheduler's journal.
	// It calls yield with the records after a sequence number, in order, until there is no further one or
	// yield says false. It is called from the writer's goroutine. Nil: what Add refuses is lost to the
	// bucket, and Flushed stays where it is from then on.
	Replay func(after uint64, yield func(seq uint64, r results.Record) bool) error

	// Written is called from the writer's goroutine after each batch, with the number up to which all records
	// are in the bucket: what the journal may forget.
	Written func(seq uint64)

	BatchBytes int            // a batch is written when it has this many; 0: 1 MiB
	BatchWait  time.Duration  // or when its first record has waited so long; 0: 5 s
	Bound      int            // most bytes of records held in memory; 0: 64 MiB
	Timeout    time.Duration  // of one try to put a batch; 0: a minute
	Backoff    bucket.Backoff // between tries, which never end; 0: 200 ms to 30 s
	Log        *slog.Logger   // nil: silent
	Stats      *Metrics
}

func (c *Config) fill() {
	if c.BatchBytes == 0 {
		c.BatchBytes = 1 << 20
	}
	c.BatchBytes = min(c.BatchBytes, MaxBatch)
	if c.BatchWait == 0 {
		c.BatchWait = 5 * time.Second
	}
	if c.Bound == 0 {
		c.Bound = 64 << 20
	}
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	if c.Backoff.First == 0 {
		c.Backoff = bucket.Backoff{First: 200 * time.Millisecond, Longest: 30 * time.Second}
	}
	if c.Epoch == "" {
		c.Epoch = fmt.Sprintf("%08x", rand.Uint32())
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Writer puts a sweep's records into its bucket, batch by batch. One goroutine calls Add, one runs Run, any
// may call the rest. There is one writer per sweep at a time: two would overwrite each other's batches.
//
// The bucket may be slow or dead: then up to Bound bytes wait in memory, Add refuses what goes beyond and
// never blocks, and once the bucket is back the writer reads what it refused through Replay.
type Writer struct {
	cfg    Config
	wake   chan struct{} // capacity 1: a full one says all there is to say
	done   chan struct{} // closed when Run has returned
	quit   context.Context
	giveUp context.CancelFunc

	mu struct {
		sync.Mutex
		queue   []queued
		batch   []queued  // being put
		bytes   int       // of queue and of that batch
		oldest  time.Time // when queue[0] came
		status  Status
		offered uint64 // highest number Add was given
		written uint64 // highest number in the bucket
		closing bool
	}
}

type queued struct {
	seq    uint64
	bytes  int
	record results.Record
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

// NewWriter is a writer that does nothing until Run.
func NewWriter(cfg Config) *Writer {
	cfg.fill()
	w := &Writer{cfg: cfg, wake: make(chan struct{}, 1), done: make(chan struct{})}
	w.quit, w.giveUp = context.WithCancel(context.Background())
	return w
}

// Add takes a record with its number in the journal; numbers rise. It never blocks. It says false when it
// does not take the record: Replay will bring it, or it is lost, as Config.Replay says. The record must
// not be changed afterwards.
func (w *Writer) Add(seq uint64, r results.Record) bool {
	size := estimate(&r)
	w.mu.Lock()
	defer w.mu.Unlock()
	m := &w.mu
	if m.closing {
		return false
	}
	m.offered = seq
	if m.status.Behind || m.bytes+size > w.cfg.Bound {
		if w.cfg.Replay != nil {
			m.status.Behind = true
		} else {
			m.status.Lost++
		}
		return false
	}
	if len(m.queue) == 0 {
		m.oldest = time.Now()
		w.signal()
	}
	if before := m.bytes; before < w.cfg.BatchBytes && before+size >= w.cfg.BatchBytes {
		w.signal()
	}
	m.queue = append(m.queue, queued{seq, size, r})
	m.bytes += size
	return true
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

func (w *Writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Status is how the writer is doing.
func (w *Writer) Status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.mu.status
	s.Bytes, s.Waiting = w.mu.bytes, len(w.mu.queue)+len(w.mu.batch)
	return s
}

// Pending is the records that were added and are not in the bucket yet, as far as they are in memory.
func (w *Writer) Pending() []results.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]results.Record, 0, len(w.mu.batch)+len(w.mu.queue))
	for _, q := range slices.Concat(w.mu.batch, w.mu.queue) {
		out = append(out, q.record)
	}
	return out
}

// Flushed is the number up to which all records are in the bucket.
func (w *Writer) Flushed() uint64 { return w.Status().Flushed }

// Close has Run write what is left and waits for it, no longer than ctx lasts; then it makes Run give up. The
// error says what did not get to the bucket. Run must have been started.
func (w *Writer) Close(ctx context.Context) error {
	w.mu.Lock()
	w.mu.closing = true
	w.mu.Unlock()
	w.signal()
	select {
	case <-w.done:
	case <-ctx.Done():
		w.giveUp()
		<-w.done
	}
	w.giveUp()
	s := w.Status()
	switch {
	case s.Waiting > 0 || s.Behind:
		return fmt.Errorf("close records of sweep %s: the bucket has them up to number %d only: %w",
			w.cfg.Sweep, s.Flushed, errors.Join(bucket.ErrUnavailable, s.Err))
	case s.Lost > 0:
		return fmt.Errorf("close records of sweep %s: %d records did not reach the bucket", w.cfg.Sweep, s.Lost)
	}
	return nil
}

// Run writes batches until ctx ends, or after Close until nothing is left. It returns ctx's error or nil; a
// bucket that fails is retried for ever.
func (w *Writer) Run(ctx context.Context) error {
	defer close(w.done)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(w.quit, cancel)()
	b := batcher{w: w, packer: NewPacker()}
	if err := b.findNext(ctx); err != nil {
		return err
	}
	for {
		batch, more := w.nextBatch(ctx, b.next)
		if !more {
			return ctx.Err()
		}
		var err error
		if len(batch) > 0 {
			err = b.write(ctx, batch)
		} else {
			err = b.replay(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// maxWaitFactor is by how much waits may grow with the number of batches: a minute at the default, so that a
// sweep of twelve hours makes about a thousand objects and one of a minute a dozen.
const maxWaitFactor = 12

// nextBatch waits until a batch is due and takes it from the queue. An empty batch means that it is time to
// replay. It says false when there is nothing left to do.
func (w *Writer) nextBatch(ctx context.Context, batches uint64) (batch []queued, more bool) {
	wait := w.cfg.BatchWait * time.Duration(1+min(batches/100, maxWaitFactor-1))
	for ctx.Err() == nil {
		batch, left, more := w.due(wait)
		if !more || batch != nil {
			return batch, more
		}
		timer := time.NewTimer(left)
		select {
		case <-w.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return nil, false
}

// due is the batch that is due now, or how long until one may be.
func (w *Writer) due(wait time.Duration) (batch []queued, left time.Duration, more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := &w.mu
	if len(m.queue) == 0 {
		switch {
		case m.status.Behind:
			return []queued{}, 0, true
		case m.closing:
			return nil, 0, false
		}
		return nil, time.Hour, true
	}
	age := time.Since(m.oldest)
	if !m.closing && !m.status.Behind && m.bytes < w.cfg.BatchBytes && age < wait {
		return nil, wait - age, true
	}
	n, size := 0, 0
	for n < len(m.queue) && (n == 0 || size+m.queue[n].bytes <= w.cfg.BatchBytes) {
		size += m.queue[n].bytes
		n++
	}
	batch = slices.Clone(m.queue[:n])
	clear(m.queue[:n]) // or the array would hold on to the records
	m.queue = m.queue[n:]
	m.batch = batch
	return batch, 0, true
}
