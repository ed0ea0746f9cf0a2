package store

import (
	"bytes"
	"context"
	"errors"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
)

// batcher is the part of a writer that only Run's goroutine touches.
type batcher struct {
	w      *Writer
	packer *Packer
	next   uint64 // number of the next batch
}

// findNext finds the first number that no batch has.
func (b *batcher) findNext(ctx context.Context) error {
	return b.retryForever(ctx, func(ctx context.Context) error {
		for o, err := range b.w.cfg.Bucket.List(ctx, results.RecordsPrefix(b.w.cfg.Sweep)) {
			if err != nil {
				return err
			}
			if n, ok := results.BatchNumber(b.w.cfg.Sweep, o.Name); ok && n >= b.next {
				b.next = n + 1
			}
		}
		return nil
	})
}

// retryForever calls f until it succeeds or ctx ends. Even denied access is tried again: someone may put it
// right, and giving up would help nobody.
func (b *batcher) retryForever(ctx context.Context, f func(context.Context) error) error {
	for n := 1; ; n++ {
		once, cancel := context.WithTimeout(ctx, b.w.cfg.Timeout)
		err := f(once)
		cancel()
		b.w.mu.Lock()
		before := b.w.mu.status.Err
		b.w.mu.status.Err = err
		b.w.mu.Unlock()
		if err == nil {
			if before != nil {
				b.w.cfg.Log.Info("bucket takes records again", "sweep", b.w.cfg.Sweep, "tries", n)
			}
			return nil
		}
		b.w.cfg.Stats.failed()
		if before == nil {
			b.w.cfg.Log.Warn("bucket takes no records, trying on", "sweep", b.w.cfg.Sweep, "err", err)
		}
		if !bucket.Sleep(ctx, b.w.cfg.Backoff.Wait(n)) {
			return ctx.Err()
		}
	}
}

// write puts a batch taken from the queue.
func (b *batcher) write(ctx context.Context, batch []queued) error {
	size := 0
	for _, q := range batch {
		size += q.bytes
		if err := b.add(ctx, q.record); err != nil {
			return err
		}
	}
	if err := b.flush(ctx); err != nil {
		return err
	}
	b.wrote(batch[len(batch)-1].seq, size)
	return nil
}

// add packs a record, in pieces if it is larger than a batch may be.
func (b *batcher) add(ctx context.Context, r results.Record) error {
	err := b.packer.Add(r)
	if errors.Is(err, ErrTooLarge) && b.packer.Len() > 0 {
		if err := b.flush(ctx); err != nil {
			return err
		}
		err = b.packer.Add(r)
	}
	if err == nil {
		return nil
	}
	half := len(r.Points) / 2
	if len(r.Points) == 1 && r.End != nil {
		half = 1
	}
	if half == 0 {
		b.w.cfg.Log.Error("record cannot be written", "sweep", r.Sweep, "trial", r.Trial, "err", err)
		b.w.mu.Lock()
		b.w.mu.status.Lost++
		b.w.mu.Unlock()
		return nil
	}
	first, second := r, r
	first.Points, first.End = r.Points[:half], nil
	second.Points, second.First = r.Points[half:], r.First+uint64(half)
	if err := b.add(ctx, first); err != nil {
		return err
	}
	return b.add(ctx, second)
}

// flush puts what is packed.
func (b *batcher) flush(ctx context.Context) error {
	if b.packer.Len() == 0 {
		return nil
	}
	data, name := b.packer.Pack(), results.BatchName(b.w.cfg.Sweep, b.next, b.w.cfg.Epoch)
	if err := b.retryForever(ctx, func(ctx context.Context) error {
		return b.w.cfg.Bucket.Put(ctx, name, bytes.NewReader(data))
	}); err != nil {
		return err
	}
	b.next++
	b.w.cfg.Stats.wrote(len(data))
	b.w.mu.Lock()
	b.w.mu.status.Batches++
	b.w.mu.Unlock()
	return nil
}

// wrote says that all records up to seq are in the bucket, and that size bytes of memory are free.
func (b *batcher) wrote(seq uint64, size int) {
	m := &b.w.mu
	m.Lock()
	m.bytes -= size
	m.batch = nil
	m.written = max(m.written, seq)
	if m.status.Lost == 0 {
		m.status.Flushed = seq
	}
	flushed := m.status.Flushed
	m.Unlock()
	if b.w.cfg.Written != nil {
		b.w.cfg.Written(flushed)
	}
}

// replay writes what Add refused, until it has caught up.
func (b *batcher) replay(ctx context.Context) error {
	b.w.mu.Lock()
	last := b.w.mu.written
	b.w.mu.Unlock()
	from := last
	var failed error
	err := b.w.cfg.Replay(last, func(seq uint64, r results.Record) bool {
		if failed = b.add(ctx, r); failed == nil && b.packer.Len() >= b.w.cfg.BatchBytes {
			if failed = b.flush(ctx); failed == nil {
				b.wrote(seq, 0)
			}
		}
		last = seq
		return failed == nil
	})
	if failed == nil {
		failed = b.flush(ctx)
	}
	if failed != nil {
		return failed
	}
	if last > from {
		b.wrote(last, 0)
	}
	b.w.mu.Lock()
	b.w.mu.status.Err = err
	if last >= b.w.mu.offered {
		b.w.mu.status.Behind = false
	}
	b.w.mu.Unlock()
	if err != nil {
		b.w.cfg.Log.Warn("cannot read records again", "sweep", b.w.cfg.Sweep, "err", err)
	}
	if last == from { // the journal does not have yet what Add was given
		bucket.Sleep(ctx, b.w.cfg.Backoff.First)
	}
	return nil
}
