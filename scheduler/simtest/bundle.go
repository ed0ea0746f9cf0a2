package simtest

import (
	"slices"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// bundle is a task of several attempts, run one after the other: package executor's, with its real outbox.
type bundle struct {
	s      *sender
	out    *outbox.Bundle
	orders []task.Order // that have not begun
	runs   *attempt     // nil: none does
	killed bool
}

func attemptID(o *task.Order) cluster.TaskID { return cluster.NewTaskID(o.Sweep, o.Trial, o.Attempt) }

// begin sets out the bundle's life.
func (b *bundle) begin(window time.Duration) {
	w := b.s.x.w
	b.killed = b.s.x.stopping
	if window > 0 {
		w.after(window, b.recall)
	}
	w.after(settle, b.s.flush)
	b.next()
}

// next begins the next attempt, or ends the task.
func (b *bundle) next() {
	x := b.s.x
	b.runs = nil
	if b.killed {
		b.returnAll()
	}
	if len(b.orders) > 0 {
		order := b.orders[0]
		b.orders = b.orders[1:]
		a := newAttempt(b.s, order)
		b.runs = a
		b.out.Begin(string(a.task), a.outbox, nil)
		x.attempts = append(x.attempts, a)
		a.begin()
		return
	}
	state := mesosapi.TASK_FINISHED
	if b.killed {
		state = mesosapi.TASK_KILLED
	}
	b.out.Finish(state)
	b.s.flush()
}

func (b *bundle) returnAll() {
	for i := range b.orders {
		b.s.x.w.log("%s goes back", attemptID(&b.orders[i]))
		b.out.Return(string(attemptID(&b.orders[i])))
	}
	b.orders = nil
}

// recall gives back what has not begun.
func (b *bundle) recall() {
	if !b.s.x.gone {
		b.returnAll()
		b.s.flush()
	}
}

func (b *bundle) kill(grace time.Duration) {
	b.killed = true
	if b.runs != nil {
		b.runs.kill(grace, false)
	}
}

// drop gives back one attempt that has not begun; it tells whether there is such a one.
func (b *bundle) drop(id cluster.TaskID) bool {
	for i := range b.orders {
		if attemptID(&b.orders[i]) == id {
			b.orders = slices.Delete(b.orders, i, i+1)
			b.out.Return(string(id))
			b.s.flush()
			return true
		}
	}
	return false
}

// message handles a message about one of the tasks.
func (x *simExecutor) message(c task.Control) {
	id := cluster.TaskID(c.Task)
	for _, s := range slices.Clone(x.senders) {
		switch b := s.bundle; {
		case b == nil:
		case c.Recall && s.task == id:
			b.recall()
		case c.Kill != nil && b.runs != nil && b.runs.task == id:
			b.runs.kill(min(max(c.Kill.Grace, time.Second), 2*time.Second), false)
		case c.Kill != nil:
			b.drop(id)
		}
	}
}
