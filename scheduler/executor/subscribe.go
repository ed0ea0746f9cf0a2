package executor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/recordio"
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
		if !timer.Sleep(ctx, wait/2+rand.N(wait/2)) {
			return nil
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
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden,
		http.StatusUnsupportedMediaType:
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
			subscriptionsTotal.Inc()
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
	for _, b := range x.allBundles() {
		b.mu.Lock()
		if b.mu.info != nil {
			call.Subscribe.UnacknowledgedTasks = append(call.Subscribe.UnacknowledgedTasks, *b.mu.info)
		}
		if u := b.mu.out.InFlight(); u != nil {
			u.Sender = l
			call.Subscribe.UnacknowledgedUpdates = append(call.Subscribe.UnacknowledgedUpdates, *x.message(b.id, u))
		}
		b.mu.Unlock()
	}
	for _, t := range x.all() {
		t.mu.Lock()
		if t.mu.info != nil {
			call.Subscribe.UnacknowledgedTasks = append(call.Subscribe.UnacknowledgedTasks, *t.mu.info)
		}
		if u := t.mu.out.InFlight(); u != nil {
			u.Sender = l
			update := *x.message(t.id, u)
			call.Subscribe.UnacknowledgedUpdates = append(call.Subscribe.UnacknowledgedUpdates, update)
		}
		t.mu.Unlock()
	}
	return call
}
