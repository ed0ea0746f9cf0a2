package executor

import (
	"context"
	"sync"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// subscription is one subscription, which owns the goroutines that send on it.
type subscription struct {
	ctx context.Context
	end context.CancelCauseFunc

	mu struct {
		sync.Mutex
		closed bool
	}
	calls sync.WaitGroup
}

// run runs f on a goroutine of its own, unless the subscription has ended.
func (l *subscription) run(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.mu.closed {
		l.calls.Go(crash.Func(f))
	}
}

// do runs f on the caller's goroutine, unless the subscription has ended.
func (l *subscription) do(f func()) {
	l.mu.Lock()
	if l.mu.closed {
		l.mu.Unlock()
		return
	}
	l.calls.Add(1)
	l.mu.Unlock()
	defer l.calls.Done()
	f()
}

// close ends the subscription and waits for what runs on it.
func (l *subscription) close() {
	l.mu.Lock()
	l.mu.closed = true
	l.mu.Unlock()
	l.end(nil)
	l.calls.Wait()
}
