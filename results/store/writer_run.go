package store

import (
	"bytes"
	"context"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// Run writes batches until ctx ends, or after Close until nothing is left or Close gives up. It returns ctx's error or
// nil: what Close has given up it says itself. A bucket that fails is retried for ever.
func (w *Writer) Run(ctx context.Context) error {
	defer close(w.done)
	both, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(w.quit, cancel)()
	if err := w.run(both); err != nil && (ctx.Err() != nil || w.quit.Err() == nil) {
		return err
	}
	return nil
}

func (w *Writer) run(ctx context.Context) error {
	cutter := NewCutter(w.cfg.Sweep, w.cfg.Epoch)
	if err := w.findNext(ctx, cutter); err != nil {
		return err
	}
	for ctx.Err() == nil {
		w.mu.Lock()
		next := w.mu.batcher.Next(time.Now(), cutter.Objects(), w.mu.closing)
		w.mu.Unlock()
		var err error
		switch {
		case next.Done:
			return nil
		case next.Replay:
			err = w.replay(ctx, cutter, next.After)
		case next.Batch != nil:
			err = w.write(ctx, cutter, next.Batch)
		default:
			w.wait(ctx, next.Wait)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// wait is over after a time, when there is news, or when ctx ends.
func (w *Writer) wait(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-w.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// findNext lets the objects' numbers go on after those that the bucket has.
func (w *Writer) findNext(ctx context.Context, cutter *Cutter) error {
	return w.retryForever(ctx, func(ctx context.Context) error {
		for o, err := range w.cfg.Bucket.List(ctx, results.RecordsPrefix(w.cfg.Sweep)) {
			if err != nil {
				return err
			}
			cutter.Exists(o.Name)
		}
		return nil
	})
}

// retryForever calls f until it succeeds or ctx ends. Even denied access is tried again: someone may put it
// right, and giving up would help nobody.
func (w *Writer) retryForever(ctx context.Context, f func(context.Context) error) error {
	for n := 1; ; n++ {
		once, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
		err := f(once)
		cancel()
		w.mu.Lock()
		before := w.mu.err
		w.mu.err = err
		w.mu.Unlock()
		if err == nil {
			if before != nil {
				w.cfg.Log.Info("bucket takes records again", "sweep", w.cfg.Sweep, "tries", n)
			}
			return nil
		}
		w.cfg.Stats.failed()
		if before == nil {
			w.cfg.Log.Warn("bucket takes no records, trying on", "sweep", w.cfg.Sweep, "err", err)
		}
		if !timer.Sleep(ctx, w.cfg.Backoff.Wait(n)) {
			return ctx.Err()
		}
	}
}

// write puts a batch.
func (w *Writer) write(ctx context.Context, cutter *Cutter, batch []results.Record) error {
	for _, r := range batch {
		w.add(cutter, r)
	}
	if err := w.flush(ctx, cutter); err != nil {
		return err
	}
	w.wrote((*Batcher).Wrote)
	return nil
}

// add packs a record, or counts it as lost.
func (w *Writer) add(cutter *Cutter, r results.Record) {
	if err := cutter.Add(r); err != nil {
		w.cfg.Log.Error("record cannot be written", "sweep", r.Sweep, "trial", r.Trial, "err", err)
		w.mu.Lock()
		w.mu.batcher.Lose()
		w.mu.Unlock()
	}
}

// flush puts what is packed.
func (w *Writer) flush(ctx context.Context, cutter *Cutter) error {
	cutter.Cut()
	for o, ok := cutter.Take(); ok; o, ok = cutter.Take() {
		if err := w.retryForever(ctx, func(ctx context.Context) error {
			return w.cfg.Bucket.Put(ctx, o.Name, bytes.NewReader(o.Data))
		}); err != nil {
			return err
		}
		w.cfg.Stats.wrote(len(o.Data))
		w.mu.Lock()
		w.mu.batches++
		w.mu.Unlock()
	}
	return nil
}

// wrote tells the batcher what is in the bucket, and whoever wants to know up to where all is.
func (w *Writer) wrote(say func(*Batcher) uint64) {
	w.mu.Lock()
	flushed := say(w.mu.batcher)
	w.mu.Unlock()
	if w.cfg.Written != nil {
		w.cfg.Written(flushed)
	}
}

// replay writes what Add refused, until it has caught up.
func (w *Writer) replay(ctx context.Context, cutter *Cutter, after uint64) error {
	last := after
	var failed error
	replayed := func(b *Batcher) uint64 { return b.Replayed(last) }
	err := w.cfg.Replay(after, func(seq uint64, r results.Record) bool {
		w.add(cutter, r)
		last = seq
		if cutter.Len() >= w.cfg.BatchBytes {
			if failed = w.flush(ctx, cutter); failed == nil {
				w.wrote(replayed)
			}
		}
		return failed == nil
	})
	if failed == nil {
		failed = w.flush(ctx, cutter)
	}
	if failed != nil {
		return failed
	}
	if last > after {
		w.wrote(replayed)
	}
	w.mu.Lock()
	w.mu.batcher.ReplayEnds()
	w.mu.err = err
	w.mu.Unlock()
	if err != nil {
		w.cfg.Log.Warn("cannot read records again", "sweep", w.cfg.Sweep, "err", err)
	}
	if last == after { // the journal does not have yet what Add was given
		timer.Sleep(ctx, w.cfg.Backoff.First)
	}
	return nil
}
