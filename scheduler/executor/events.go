package executor

import (
	"time"

	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// connect opens the way for updates, and sends those that came up since the SUBSCRIBE call was made.
func (x *executor) connect(l *subscription) {
	x.live.Store(l)
	for _, b := range x.allBundles() {
		if u := b.inFlight(); u != nil {
			l.run(func() { x.post(l, b, u) })
		}
	}
	for _, t := range x.all() {
		t.mu.Lock()
		u := t.mu.out.InFlight()
		t.mu.Unlock()
		if u != nil {
			l.run(func() { x.post(l, t, u) })
		}
	}
}

// handle handles one event. It never waits for the network, so that the stream is always read.
func (x *executor) handle(e *api.Event) {
	switch e.Type {
	case api.Event_LAUNCH:
		x.launch(&e.Launch.Task)
	case api.Event_LAUNCH_GROUP:
		for i := range e.LaunchGroup.TaskGroup.Tasks {
			x.launch(&e.LaunchGroup.TaskGroup.Tasks[i])
		}
	case api.Event_KILL:
		grace := time.Duration(-1)
		if p := e.Kill.KillPolicy; p != nil && p.GracePeriod != nil {
			grace = time.Duration(max(p.GracePeriod.Nanoseconds, 0))
		}
		if b := x.bundle(e.Kill.TaskID.Value); b != nil {
			b.kill(grace)
		} else if t := x.task(e.Kill.TaskID.Value); t != nil {
			t.kill(grace)
		}
	case api.Event_ACKNOWLEDGED:
		if b := x.bundle(e.Acknowledged.TaskID.Value); b != nil {
			x.bundleAcknowledged(b, e.Acknowledged.UUID)
		} else if t := x.task(e.Acknowledged.TaskID.Value); t != nil {
			x.acknowledged(t, e.Acknowledged.UUID)
		}
	case api.Event_MESSAGE:
		x.onMessage(e.Message.Data)
	case api.Event_SHUTDOWN:
		x.shutdown()
	case api.Event_ERROR:
		x.conf.Log.Error("agent reports an error", "error", e.Error.Message)
	}
}

// acknowledged takes an acknowledgement and sends on what waited for it.
func (x *executor) acknowledged(t *attempt, id []byte) {
	ok, finished, landed := x.out.acknowledge(t, id)
	if ok {
		t.mu.Lock()
		t.mu.info = nil
		t.mu.Unlock()
	}
	switch {
	case finished:
		x.forget(t)
	case ok:
		x.flush(t)
	}
	for _, other := range landed {
		x.flush(other.(*attempt))
	}
}

// onMessage takes a framework message for one of the tasks, or for the executor. What nobody can use is lost, as
// such messages may be.
func (x *executor) onMessage(data []byte) {
	c, err := task.Decode[task.Control](data)
	switch t := x.task(c.Task); {
	case err != nil:
	case c.Recall:
		x.recall(c.Task)
	case c.Kill != nil:
		x.killInBundle(c.Task, c.Kill.Grace)
	case c.Task == "":
		if x.out.hear(c.Interval, c.Received) {
			for _, t := range x.all() {
				t.host.send(t)
			}
		}
	case t != nil:
		err = t.sendControl(message{id: c.ID, body: c.Body})
	}
	if err != nil {
		x.conf.Log.Warn("message lost", "error", err)
	}
}

// killInBundle ends one attempt of a bundle, and no other. What does not run here any more has told its end, or will.
func (x *executor) killInBundle(attempt string, grace time.Duration) {
	for _, b := range x.allBundles() {
		if b.drop(attempt) {
			x.flushBundle(b)
			return
		}
	}
	if t := x.task(attempt); t != nil {
		if grace <= 0 {
			grace = -1
		}
		t.kill(grace)
	}
}

// recall gives back what of a bundle has not begun.
func (x *executor) recall(task string) {
	if b := x.bundle(task); b != nil {
		b.returnNow()
		x.flushBundle(b)
	}
}

// bundleAcknowledged takes an acknowledgement and sends on what waited for it.
func (x *executor) bundleAcknowledged(b *bundle, id []byte) {
	switch ok, finished := b.acknowledged(id); {
	case finished:
		x.forgetBundle(b)
	case ok:
		x.flushBundle(b)
	}
}
