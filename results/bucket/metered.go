package bucket

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Metered is a bucket that counts its requests, their errors and their time.
func Metered(b Bucket, m *Metrics) Bucket { return &metered{b, m} }

type metered struct {
	bucket  Bucket
	metrics *Metrics
}

func (b *metered) Put(ctx context.Context, name string, src io.Reader) error {
	start := time.Now()
	err := b.bucket.Put(ctx, name, src)
	b.metrics.request(time.Since(start), err)
	return err
}

func (b *metered) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	start := time.Now()
	body, err := b.bucket.Get(ctx, name)
	b.metrics.request(time.Since(start), unlessMissing(err))
	return body, err
}

func (b *metered) Stat(ctx context.Context, name string) (Object, error) {
	start := time.Now()
	o, err := b.bucket.Stat(ctx, name)
	b.metrics.request(time.Since(start), unlessMissing(err))
	return o, err
}

func (b *metered) Delete(ctx context.Context, names ...string) error {
	start := time.Now()
	err := b.bucket.Delete(ctx, names...)
	b.metrics.request(time.Since(start), err)
	return err
}

func (b *metered) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return meteredList(b.metrics, b.bucket.List(ctx, prefix))
}

func (b *metered) ListAfter(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return meteredList(b.metrics, b.bucket.ListAfter(ctx, prefix, after))
}

func (b *metered) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return meteredList(b.metrics, b.bucket.Folders(ctx, prefix))
}

func meteredList[T any](m *Metrics, list iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		start := time.Now()
		var failed error
		defer func() { m.request(time.Since(start), failed) }()
		for o, err := range list {
			failed = err
			if !yield(o, err) {
				return
			}
		}
	}
}

// unlessMissing is err, save that to ask for what is not there is not the bucket's error.
func unlessMissing(err error) error {
	if errors.Is(err, ErrNotExist) {
		return nil
	}
	return err
}
