package executor

import (
	"fmt"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
)

// flush sends the update of a task that is due, if any. It does not wait for the network. While there is no
// agent the update stays: the next SUBSCRIBE lists it.
func (x *executor) flush(t *attempt) {
	if u := x.next(t); u != nil {
		x.postSoon(t, u)
	}
}

// flushBundle sends the update of a bundle that is due, if any, without waiting for the network, and sets the timer for
// a later one.
func (x *executor) flushBundle(b *bundle) {
	b.mu.Lock()
	u, wait := x.out.bundle(b.mu.out)
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
	if u := x.next(t); u != nil {
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

// next returns the update that an attempt has to send for itself now, if any, and sees to it that what has to
// wait goes later.
func (x *executor) next(t *attempt) *outbox.Update {
	u, wait, waits := x.out.own(t)
	if wait > 0 {
		t.sendAfter(wait)
	}
	if waits {
		x.out.soon(x.flushShared)
	}
	return u
}

// flushShared sends what points there are of all attempts.
func (x *executor) flushShared() {
	updates, wait := x.out.shared()
	for _, u := range updates {
		x.postSoon(u.Member.(*attempt), u.Update)
	}
	if wait > 0 {
		x.out.soon(x.flushShared)
	}
}

// postSoon posts an update without waiting for it.
func (x *executor) postSoon(t *attempt, u *outbox.Update) {
	if l := x.live.Load(); l != nil {
		l.run(func() { x.post(l, t, u) })
	}
}

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
