package executor

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
)

// flush sends the update of a task that is due, if any. It does not wait for the network. While there is no
// agent the update stays: the next SUBSCRIBE lists it.
func (x *executor) flush(t *attempt) {
	if u := t.next(); u != nil {
		if l := x.live.Load(); l != nil {
			l.run(func() { x.post(l, t, u) })
		}
	}
}

// flushBundle sends the update of a bundle that is due, if any, without waiting for the network, and sets the timer for
// a later one.
func (x *executor) flushBundle(b *bundle) {
	b.mu.Lock()
	u, wait := b.mu.out.Take(time.Now(), uuid.New)
	if wait > 0 {
		if b.mu.send == nil {
			b.mu.send = time.AfterFunc(wait, crash.Func(func() { x.flushBundle(b) }))
		} else {
			b.mu.send.Reset(wait)
		}
	}
	b.mu.Unlock()
	if l := x.live.Load(); u != nil && l != nil {
		l.run(func() { x.post(l, b, u) })
	}
}

// flushHere is flush for a goroutine that may wait for the network.
func (x *executor) flushHere(t *attempt) {
	if u := t.next(); u != nil {
		if l := x.live.Load(); l != nil {
			l.do(func() { x.post(l, t, u) })
		}
	}
}

// sender is what has updates: an attempt, or a bundle.
type sender interface {
	task() string
	lock()
	unlock()
}

func (t *attempt) task() string { return t.id }
func (t *attempt) lock()        { t.mu.Lock() }
func (t *attempt) unlock()      { t.mu.Unlock() }

// post sends one update, at most once on one subscription. One that does not get through ends the session:
// the next SUBSCRIBE lists it.
func (x *executor) post(l *subscription, t sender, u *outbox.Update) {
	t.lock()
	sent := u.Sender == l
	u.Sender = l
	t.unlock()
	if sent {
		return
	}
	updatesTotal.Inc()
	updateBytesTotal.Add(len(u.Data))
	err := x.agent.send(l.ctx, &api.Call{Type: api.Call_UPDATE, Update: x.message(t.task(), u)})
	if err != nil {
		l.end(fmt.Errorf("update of %s did not get through: %w", t.task(), err))
	}
}

// message is the UPDATE call of an update, without its type.
func (x *executor) message(task string, u *outbox.Update) *api.Call_Update {
	seconds := float64(u.At.UnixMicro()) / 1e6
	status := mesosapi.TaskStatus{
		TaskID:     mesosapi.TaskID{Value: task},
		State:      &u.State,
		Source:     mesosapi.SOURCE_EXECUTOR.Enum(),
		ExecutorID: &mesosapi.ExecutorID{Value: x.conf.Executor},
		UUID:       u.ID[:],
		Data:       u.Data,
		Timestamp:  &seconds,
	}
	if u.Message != "" {
		status.Message = &u.Message
	}
	return &api.Call_Update{Status: status}
}

// sendMessage sends a framework message, which may be lost, without waiting.
func (x *executor) sendMessage(data []byte) {
	if l := x.live.Load(); l != nil {
		l.run(func() {
			_ = x.agent.send(l.ctx, &api.Call{Type: api.Call_MESSAGE, Message: &api.Call_Message{Data: data}})
		})
	}
}
