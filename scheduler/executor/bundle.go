package executor

import (
	"slices"
	"sync"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// bundle is a task that runs several attempts, one after the other, each in all respects as if it were alone but for
// its updates: those of all of them travel together. Its goroutine runs them; the lock guards what is in mu, and is
// taken before an attempt's.
type bundle struct {
	id        string
	resources []mesosapi.Resource
	window    time.Duration // see task.Bundle
	host      *host         // of its attempts, which sends the bundle's updates

	// The bundle's ways up: an attempt of it begins, or is done with; and the update that is due is sent.
	begun, done func(*attempt)
	serial      func() uint64
	flush       func()

	mu struct {
		sync.Mutex
		info   *mesosapi.TaskInfo // until an update was acknowledged
		out    *outbox.Bundle
		orders []task.Order // that have not begun
		runs   *attempt     // nil: none does
		killed bool
		send   *time.Timer // until the next update is due
		spills []*attempt  // ended, with points in files
	}
}

func (b *bundle) task() string { return b.id }
func (b *bundle) lock()        { b.mu.Lock() }
func (b *bundle) unlock()      { b.mu.Unlock() }

// attemptID is the id of an attempt, which its task would have if it were alone.
func attemptID(o *task.Order) string { return string(cluster.NewTaskID(o.Sweep, o.Trial, o.Attempt)) }

// run runs the attempts, until all have ended or the rest is to go back.
func (b *bundle) run() {
	if b.window > 0 {
		defer time.AfterFunc(b.window, crash.Func(func() {
			b.returnNow()
			b.flush()
		})).Stop()
	}
	for {
		t, err := b.next()
		if t == nil {
			break
		}
		if err != nil {
			t.fail(err)
		} else {
			t.run()
		}
		b.ended(t)
	}
	b.mu.Lock()
	state := mesosapi.TASK_FINISHED
	if b.mu.killed {
		state = mesosapi.TASK_KILLED
	}
	b.mu.out.Finish(state)
	if b.mu.send != nil {
		b.mu.send.Stop()
	}
	b.mu.Unlock()
	b.flush()
}

// next begins the next attempt; nil: there is none, or none is to begin any more, and the rest goes back.
func (b *bundle) next() (*attempt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mu.killed {
		b.returnAll()
	}
	if len(b.mu.orders) == 0 {
		return nil, nil
	}
	order := &b.mu.orders[0]
	b.mu.orders = b.mu.orders[1:]
	t, err := newAttempt(b.host, attemptID(order), b.resources, order, nil, b.serial())
	b.mu.runs = t
	bounds := b.host.conf.bounds()
	bounds.Settle = 0
	t.mu.out = outbox.New(bounds, &t.spill, t.begin)
	b.mu.out.Begin(t.id, t.mu.out, &t.mu.Mutex)
	b.begun(t)
	return t, err
}

// returnAll gives back what has not begun. The lock is held.
func (b *bundle) returnAll() {
	for i := range b.mu.orders {
		b.mu.out.Return(attemptID(&b.mu.orders[i]))
	}
	b.mu.orders = nil
}

// returnNow gives back what has not begun, without waiting for what runs.
func (b *bundle) returnNow() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.returnAll()
}

// returnRest lets no more attempts begin.
func (b *bundle) returnRest() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.killed = true
}

// ended forgets an attempt that is done with, but for what of it is to be told still.
func (b *bundle) ended(t *attempt) {
	b.done(t)
	b.mu.Lock()
	defer b.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	b.mu.runs = nil
	if t.spill.Used() {
		b.mu.spills = append(b.mu.spills, t)
	} else {
		t.closeFiles()
	}
}

// kill ends the attempt that runs, and lets no other begin.
func (b *bundle) kill(grace time.Duration) {
	b.returnRest()
	b.mu.Lock()
	t := b.mu.runs
	b.mu.Unlock()
	if t != nil {
		t.kill(grace)
	}
}

// drop gives back one attempt that has not begun; it tells whether there is such a one.
func (b *bundle) drop(attempt string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.mu.orders {
		if attemptID(&b.mu.orders[i]) == attempt {
			b.mu.orders = slices.Delete(b.mu.orders, i, i+1)
			b.mu.out.Return(attempt)
			return true
		}
	}
	return false
}

// inFlight is the update that waits for its acknowledgement; nil when there is none.
func (b *bundle) inFlight() *outbox.Update {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mu.out.InFlight()
}

// acknowledged takes an acknowledgement; it tells whether it was for the update in flight, and whether that was the
// last.
func (b *bundle) acknowledged(id []byte) (ok, finished bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ok = b.mu.out.Acknowledge(id); ok {
		b.mu.info = nil
	}
	if finished = b.mu.out.Finished(); finished {
		for _, t := range b.mu.spills {
			t.spill.Remove()
			t.closeFiles()
		}
		b.mu.spills = nil
	}
	return ok, finished
}
