package mesos

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// backoff gives the waits between rounds of attempts: from min, doubling to max, each drawn from the upper
// half of its span so that schedulers that lost the same master do not come back together.
type backoff struct {
	min, max time.Duration
	try      int
	rand     *rand.Rand
}

func newBackoff(min, max time.Duration, seed uint64) *backoff {
	return &backoff{min: min, max: max, rand: rand.New(rand.NewPCG(seed, 0))}
}

func (b *backoff) reset() { b.try = 0 }

func (b *backoff) draw() time.Duration {
	span := timer.Backoff(b.min, b.max, b.try)
	b.try++
	return span/2 + time.Duration(b.rand.Int64N(int64(span/2)+1))
}

// wait sleeps for the next draw; it tells whether ctx still stands.
func (b *backoff) wait(ctx context.Context) bool { return timer.Sleep(ctx, b.draw()) }
