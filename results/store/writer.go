package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/timer"
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

	BatchBytes int               // a batch is written when it has this many; 0: 1 MiB
	BatchWait  time.Duration     // or when its first record has waited so long; 0: 5 s
	Bound      int               // most bytes of records held in memory; 0: 64 MiB
	Timeout    time.Duration     // of one try to put a batch; 0: a minute
	Backoff    timer.RetryPolicy // between tries, which never end; 0: 200 ms to 30 s
	Log        *slog.Logger      // nil: silent
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
		c.Backoff = bucket.EndlessBackoff
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
		batcher *Batcher
		closing bool
		batches int   // written
		err     error // of the last try
	}
}

// NewWriter is a writer that does nothing until Run.
func NewWriter(cfg Config) *Writer {
	cfg.fill()
	w := &Writer{cfg: cfg, wake: make(chan struct{}, 1), done: make(chan struct{})}
	w.quit, w.giveUp = context.WithCancel(context.Background())
	w.mu.batcher = NewBatcher(Limits{
		BatchBytes: cfg.BatchBytes, BatchWait: cfg.BatchWait, Bound: cfg.Bound, Replays: cfg.Replay != nil,
	})
	return w
}

// Add takes a record with its number in the journal; numbers rise. It never blocks. It says false when it
// does not take the record: Replay will bring it, or it is lost, as Config.Replay says. The record must
// not be changed afterwards.
func (w *Writer) Add(seq uint64, r results.Record) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mu.closing {
		return false
	}
	taken, news := w.mu.batcher.Add(time.Now(), seq, r)
	if news {
		w.signal()
	}
	return taken
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
	s := w.mu.batcher.Status()
	s.Batches, s.Err = w.mu.batches, w.mu.err
	return s
}

// Pending is the records that were added and are not in the bucket yet, as far as they are in memory.
func (w *Writer) Pending() []results.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mu.batcher.Pending()
}

// Flushed is the number up to which all records are in the bucket.
func (w *Writer) Flushed() uint64 { return w.Status().Flushed }

// flushLook is how often Flush looks whether all is written.
const flushLook = 5 * time.Millisecond

// Flush has Run write what was added so far, and waits for it until ctx ends. Run must have been started.
func (w *Writer) Flush(ctx context.Context) error {
	w.mu.Lock()
	w.mu.batcher.Hurry()
	w.mu.Unlock()
	w.signal()
	for {
		s := w.Status()
		if s.Waiting == 0 && !s.Behind {
			return nil
		}
		select {
		case <-w.done: // Close says what was not written
			return nil
		case <-ctx.Done():
			return fmt.Errorf("write records of sweep %s: the bucket has them up to number %d only: %w",
				w.cfg.Sweep, s.Flushed,
				unwritten(ctx, s.Err))
		case <-time.After(flushLook):
		}
	}
}

// unwritten is why records are not in the bucket when ctx ends: who waited went, or it takes nothing. Last is what it
// said last; nil: nothing was wrong.
func unwritten(ctx context.Context, last error) error {
	if !errors.Is(ctx.Err(), context.Canceled) {
		return errors.Join(bucket.ErrUnavailable, last)
	}
	if last != nil {
		return fmt.Errorf("%w, while the bucket was unavailable: %w", context.Cause(ctx), last)
	}
	return context.Cause(ctx)
}

// Close has Run write what is left and waits for it, no longer than ctx lasts; then it makes Run give up. The
// error says what did not get to the bucket. Run must have been started.
func (w *Writer) Close(ctx context.Context) error {
	w.mu.Lock()
	w.mu.closing = true
	w.mu.Unlock()
	w.signal()
	var last error
	select {
	case <-w.done:
	case <-ctx.Done():
		last = w.Status().Err
		w.giveUp()
		<-w.done
	}
	w.giveUp()
	s := w.Status()
	if ctx.Err() == nil {
		last = s.Err
	}
	switch {
	case s.Waiting > 0 || s.Behind:
		return fmt.Errorf("close records of sweep %s: the bucket has them up to number %d only: %w",
			w.cfg.Sweep, s.Flushed, unwritten(ctx, last))
	case s.Lost > 0:
		return fmt.Errorf("close records of sweep %s: %d records did not reach the bucket", w.cfg.Sweep, s.Lost)
	}
	return nil
}
