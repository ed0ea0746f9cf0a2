package simtest

import (
	"bytes"
	"context"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
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
	wait := w.between(time.Millisecond, 20*time.Millisecond)
	if w.now.Before(b.slow) {
		wait = w.between(time.Second, 10*time.Second)
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
