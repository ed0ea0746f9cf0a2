package executor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/recordio"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

const backoffMin = 20 * time.Millisecond

var (
	errLost    = errors.New("agent is gone")
	errRefused = errors.New("agent refuses this executor")
	// ErrCutOff is of an executor that never reached its agent, which is up, as it has just started the
	// executor.
	ErrCutOff = errors.New("the agent cannot be reached from here")
)

// follow keeps a subscription until ctx ends, which gives nil. Any other end is for good: the agent was away
// for longer than it may be, or does not know this executor.
func (x *executor) follow(ctx context.Context) error {
	lost, known, try := time.Now(), false, 0
	for {
		subscribed, err := x.session(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if subscribed {
			lost, known, try = time.Now(), true, 0
		}
		patience := x.conf.FirstWait
		if known {
			patience = x.conf.RecoveryTimeout
		}
		switch {
		case permanent(err):
			return fmt.Errorf("%w: %w", errRefused, err)
		case known && !x.conf.Checkpoint:
			return fmt.Errorf("%w, and the framework does not checkpoint: %w", errLost, err)
		case time.Since(lost) > patience && !known:
			return fmt.Errorf("%w in %v, at %s: %w", ErrCutOff, patience, x.conf.Agent, err)
		case time.Since(lost) > patience:
			return fmt.Errorf("%w for %v: %w", errLost, patience, err)
		}
		x.conf.Log.Warn("not subscribed", "agent", x.conf.Agent, "error", err)
		wait := timer.Backoff(backoffMin, max(x.conf.BackoffMax, backoffMin), try)
		try++
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
	}
}

// permanent tells whether subscribing again is pointless. An agent that is starting answers 503 or 404.
func permanent(err error) bool {
	var status *statusError
	if !errors.As(err, &status) || status.call != api.Call_SUBSCRIBE.String() {
		return false
	}
	switch status.code {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnsupportedMediaType:
		return true
	}
	return false
}

// session subscribes and handles events until the stream ends.
func (x *executor) session(ctx context.Context) (subscribed bool, err error) {
	ctx, end := context.WithCancelCause(ctx)
	l := &subscription{ctx: ctx, end: end}
	defer l.close()
	body, err := x.agent.subscribe(ctx, x.resume(l))
	if err != nil {
		return false, err
	}
	defer body.Close()
	defer x.live.Store(nil)
	stream := recordio.NewReader(body, maxRecord)
	for {
		record, err := stream.Read()
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return subscribed, err
		}
		var e api.Event
		if err := e.Unmarshal(record); err != nil {
			return subscribed, fmt.Errorf("decode event: %w", err)
		}
		if e.Type == api.Event_SUBSCRIBED {
			subscribed = true
			sessionsTotal.Inc()
			x.connect(l)
			continue
		}
		x.handle(&e)
	}
}

// resume makes the SUBSCRIBE call: with the tasks of which no update was acknowledged, and all updates that
// were not.
func (x *executor) resume(l *subscription) *api.Call {
	call := &api.Call{Type: api.Call_SUBSCRIBE, Subscribe: &api.Call_Subscribe{}}
	for _, t := range x.all() {
		t.mu.Lock()
		if t.mu.info != nil {
			call.Subscribe.UnacknowledgedTasks = append(call.Subscribe.UnacknowledgedTasks, *t.mu.info)
		}
		if u := t.mu.out.InFlight(); u != nil {
			u.Sender = l
			call.Subscribe.UnacknowledgedUpdates = append(call.Subscribe.UnacknowledgedUpdates, *x.message(t, u))
		}
		t.mu.Unlock()
	}
	return call
}

// connect opens the way for updates, and sends those that came up since the SUBSCRIBE call was made.
func (x *executor) connect(l *subscription) {
	x.live.Store(l)
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
		if t := x.task(e.Kill.TaskID.Value); t != nil {
			t.kill(grace)
		}
	case api.Event_ACKNOWLEDGED:
		if t := x.task(e.Acknowledged.TaskID.Value); t != nil {
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
	t.mu.Lock()
	ok := t.mu.out.Acknowledge(id)
	if ok {
		t.mu.info = nil
	}
	finished := t.mu.out.Finished()
	t.mu.Unlock()
	switch {
	case finished:
		x.forget(t)
	case ok:
		x.flush(t)
	}
}

// onMessage takes a framework message for one of the tasks. What nobody can use is lost, as such messages may
// be.
func (x *executor) onMessage(data []byte) {
	c, err := task.Decode[task.Control](data)
	if err == nil {
		if t := x.task(c.Task); t != nil {
			err = t.control(c.Body)
		}
	}
	if err != nil {
		x.conf.Log.Warn("message lost", "error", err)
	}
}

// flush sends the update of a task that is due, if any. It does not wait for the network. While there is no
// agent the update stays: the next SUBSCRIBE lists it.
func (x *executor) flush(t *attempt) {
	if u := t.next(); u != nil {
		if l := x.live.Load(); l != nil {
			l.run(func() { x.post(l, t, u) })
		}
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

// post sends one update, at most once on one subscription. One that does not get through ends the session:
// the next SUBSCRIBE lists it.
func (x *executor) post(l *subscription, t *attempt, u *outbox.Update) {
	t.mu.Lock()
	sent := u.Sender == l
	u.Sender = l
	t.mu.Unlock()
	if sent {
		return
	}
	updatesTotal.Inc()
	updateBytesTotal.Add(len(u.Data))
	err := x.agent.send(l.ctx, &api.Call{Type: api.Call_UPDATE, Update: x.message(t, u)})
	if err != nil {
		l.end(fmt.Errorf("update of %s did not get through: %w", t.id, err))
	}
}

func (x *executor) message(t *attempt, u *outbox.Update) *api.Call_Update {
	seconds := float64(u.At.UnixMicro()) / 1e6
	status := mesosapi.TaskStatus{
		TaskID:     mesosapi.TaskID{Value: t.id},
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
