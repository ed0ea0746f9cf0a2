package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// PatientBackoff rides out a restart of the store or a minute of throttling: 8 tries within about 25 s.
var PatientBackoff = timer.RetryPolicy{Tries: 8, First: 200 * time.Millisecond, Longest: 10 * time.Second}

// EndlessBackoff is between tries that never end: someone may put the store right, or the rights of a key.
var EndlessBackoff = timer.RetryPolicy{First: 200 * time.Millisecond, Longest: 30 * time.Second}

// Retry is a bucket that tries again what failed with ErrUnavailable. A Put is tried again only if its source
// is an io.Seeker; a reader that breaks off after Get is the caller's to open again (ReadObject does).
func Retry(b Bucket, p timer.RetryPolicy, m *Metrics) Bucket { return &retry{b, p, m} }

type retry struct {
	bucket  Bucket
	backoff timer.RetryPolicy
	metrics *Metrics
}

// do calls f until it succeeds, fails for good, or has had its tries.
func (r *retry) do(ctx context.Context, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		if !errors.Is(err, ErrUnavailable) || n >= r.backoff.Tries {
			return err
		}
		if !timer.Sleep(ctx, r.backoff.Wait(n)) {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		r.metrics.retry()
	}
}

func (r *retry) Put(ctx context.Context, name string, src io.Reader) error {
	seeker, ok := src.(io.Seeker)
	if !ok {
		return r.bucket.Put(ctx, name, src)
	}
	start, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return r.bucket.Put(ctx, name, src) // a pipe calls itself a Seeker
	}
	return r.do(ctx, func() error {
		if _, err := seeker.Seek(start, io.SeekStart); err != nil {
			return err
		}
		return r.bucket.Put(ctx, name, src)
	})
}

func (r *retry) Get(ctx context.Context, name string) (body io.ReadCloser, err error) {
	err = r.do(ctx, func() error {
		body, err = r.bucket.Get(ctx, name)
		return err
	})
	return body, err
}

func (r *retry) Stat(ctx context.Context, name string) (o Object, err error) {
	err = r.do(ctx, func() error {
		o, err = r.bucket.Stat(ctx, name)
		return err
	})
	return o, err
}

func (r *retry) Delete(ctx context.Context, names ...string) error {
	return r.do(ctx, func() error { return r.bucket.Delete(ctx, names...) })
}

func (r *retry) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return r.ListAfter(ctx, prefix, "")
}

// ListAfter goes on after a failure behind what it has yielded already.
func (r *retry) ListAfter(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		last, stopped := after, false
		err := r.do(ctx, func() error {
			for o, err := range r.bucket.ListAfter(ctx, prefix, last) {
				if err != nil {
					return err
				}
				last = o.Name
				if stopped = !yield(o, nil); stopped {
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(Object{}, err)
		}
	}
}

// Folders begins anew after a failure and leaves out what it has yielded already.
func (r *retry) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		last, stopped := "", false
		err := r.do(ctx, func() error {
			for folder, err := range r.bucket.Folders(ctx, prefix) {
				if err != nil {
					return err
				}
				if folder+"/" <= last {
					continue
				}
				last = folder + "/"
				if stopped = !yield(folder, nil); stopped {
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield("", err)
		}
	}
}
