package bucket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/buckettest"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// flaky fails every second request, and breaks off one body in eight.
type flaky struct {
	bucket.Memory
	n, lists atomic.Int64
}

func (f *flaky) trip() error {
	if f.n.Add(1)%2 == 1 {
		return fmt.Errorf("trip: %w", bucket.ErrUnavailable)
	}
	return nil
}

func (f *flaky) Put(ctx context.Context, name string, src io.Reader) error {
	if err := f.trip(); err != nil {
		_, _ = io.CopyN(io.Discard, src, 3) // some of the source is gone
		return err
	}
	return f.Memory.Put(ctx, name, src)
}

func (f *flaky) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := f.trip(); err != nil {
		return nil, err
	}
	body, err := f.Memory.Get(ctx, name)
	if f.n.Load()%16 == 0 && err == nil {
		body = io.NopCloser(io.MultiReader(io.LimitReader(body, 3), iotest.ErrReader(bucket.ErrUnavailable)))
	}
	return body, err
}

func (f *flaky) Stat(ctx context.Context, name string) (bucket.Object, error) {
	if err := f.trip(); err != nil {
		return bucket.Object{}, err
	}
	return f.Memory.Stat(ctx, name)
}

func (f *flaky) Delete(ctx context.Context, names ...string) error {
	if err := f.trip(); err != nil {
		return err
	}
	return f.Memory.Delete(ctx, names...)
}

// ListAfter breaks off after two names, and gets two further the next time, up to fourteen; Folders likewise.
func (f *flaky) ListAfter(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return breakingOff(2*f.lists.Add(1)%16, f.Memory.ListAfter(ctx, prefix, after))
}

func (f *flaky) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return breakingOff(2*f.lists.Add(1)%16, f.Memory.Folders(ctx, prefix))
}

func breakingOff[T any](most int64, list iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		n := most
		for o, err := range list {
			if n -= 1; n < 0 {
				yield(*new(T), bucket.ErrUnavailable)
				return
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

var eager = timer.RetryPolicy{Tries: 20, First: time.Microsecond, Longest: time.Microsecond}

// What Retry wraps passes the suite of buckets although every second request fails.
func TestRetryHidesFailures(t *testing.T) {
	set := metrics.NewSet()
	stats := bucket.NewMetrics(set)
	buckettest.Run(t, func(t *testing.T) bucket.Bucket {
		return seekableOnly{bucket.Retry(bucket.Metered(&flaky{}, stats), eager, stats)}
	})
	var out bytes.Buffer
	set.WritePrometheus(&out)
	for _, name := range []string{"kaon_results_bucket_requests_total", "kaon_results_bucket_errors_total", "kaon_results_bucket_retries_total"} {
		if !strings.Contains(out.String(), name+" ") || strings.Contains(out.String(), name+" 0\n") {
			t.Errorf("%s is not counted:\n%s", name, out.String())
		}
	}
}

// seekableOnly reads sources that cannot seek into memory first: Retry does not try those again.
type seekableOnly struct{ bucket.Bucket }

func (s seekableOnly) Put(ctx context.Context, name string, src io.Reader) error {
	if _, ok := src.(io.Seeker); !ok {
		data, err := io.ReadAll(src)
		if err != nil {
			return err
		}
		src = bytes.NewReader(data)
	}
	return s.Bucket.Put(ctx, name, src)
}

func TestRetryKnowsWhenToStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b buckettest.Faulty
		r := bucket.Retry(&b, bucket.PatientBackoff, nil)
		b.Fail(bucket.ErrDenied, false)
		if err := r.Put(t.Context(), "a", strings.NewReader("x")); !errors.Is(err, bucket.ErrDenied) || b.Puts() != 1 {
			t.Errorf("denied: %v after %d tries", err, b.Puts())
		}
		b.Fail(bucket.ErrUnavailable, false)
		before := time.Now()
		if err := r.Put(t.Context(), "a", strings.NewReader("x")); !errors.Is(err, bucket.ErrUnavailable) || b.Puts() != 9 {
			t.Errorf("unavailable: %v after %d tries", err, b.Puts()-1)
		}
		if took := time.Since(before); took < 20*time.Second || took > 30*time.Second {
			t.Errorf("gave up after %v", took)
		}
		if err := r.Put(t.Context(), "a", struct{ io.Reader }{strings.NewReader("x")}); err == nil || b.Puts() != 10 {
			t.Errorf("a source that cannot be read again was: %v, %d tries", err, b.Puts()-9)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		before = time.Now()
		if err := r.Put(ctx, "a", strings.NewReader("x")); err == nil || time.Since(before) != time.Second {
			t.Errorf("%v after %v", err, time.Since(before))
		}
	})
}

func TestMemory(t *testing.T) {
	buckettest.Run(t, func(*testing.T) bucket.Bucket { return &bucket.Memory{} })
}

func FuzzCheckName(f *testing.F) {
	for _, name := range []string{"a/b", "../a", "a/..", "/a", "a\\b", "a//b", ".kaon-tmp/x", "é/日本"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if bucket.CheckName(name) != nil {
			return
		}
		if !filepath.IsLocal(name) || filepath.Clean(name) != name || strings.ContainsAny(name, "\x00\\\n") {
			t.Errorf("%q is allowed", name)
		}
	})
}
