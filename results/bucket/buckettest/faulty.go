package buckettest

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// Faulty is a bucket in memory whose Put fails, or hangs until its context ends, as Fail says. Its zero value
// works.
type Faulty struct {
	bucket.Memory
	mu   sync.Mutex
	err  error
	hang bool
	puts int
}

// Fail has every Put from now on return err, or hang; with nil and false Put works.
func (f *Faulty) Fail(err error, hang bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err, f.hang = err, hang
}

// Puts is how often Put was called.
func (f *Faulty) Puts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.puts
}

// Put implements bucket.Bucket.
func (f *Faulty) Put(ctx context.Context, name string, src io.Reader) error {
	f.mu.Lock()
	err, hang := f.err, f.hang
	f.puts++
	f.mu.Unlock()
	if hang {
		<-ctx.Done()
		return fmt.Errorf("put %s: %w: %w", name, bucket.ErrUnavailable, ctx.Err())
	}
	if err != nil {
		return err
	}
	return f.Memory.Put(ctx, name, src)
}
