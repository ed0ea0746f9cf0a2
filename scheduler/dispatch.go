package scheduler

import (
	"context"
	"hash/fnv"
	"sync"
	"sync/atomic"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// Calls about one agent keep their order: each agent has its lane, and a lane sends one call after the other, so
// a KILL never overtakes the ACCEPT of its task. Different lanes are independent, because the master answers
// each call only after a round trip.
const (
	lanes = 8
	// laneCapacity is how many calls wait in a lane; a full lane blocks the loop, and with it the driver.
	laneCapacity = 4096
)

// dispatcher carries calls to the master.
type dispatcher struct {
	driver cluster.Driver
	failed func(cluster.Undelivered)
	lanes  [lanes]chan queuedCall
}

// queuedCall is one call, or a call that waits for all lanes to have come this far.
type queuedCall struct {
	call    cluster.Call
	barrier *atomic.Int32
}

func newDispatcher(d cluster.Driver, failed func(cluster.Undelivered)) *dispatcher {
	s := &dispatcher{driver: d, failed: failed}
	for i := range s.lanes {
		s.lanes[i] = make(chan queuedCall, laneCapacity)
	}
	return s
}

// start runs the lanes until ctx ends; group waits for them.
func (s *dispatcher) start(ctx context.Context, group *sync.WaitGroup) {
	for _, lane := range s.lanes {
		group.Go(crash.Func(func() {
			for {
				select {
				case p := <-lane:
					s.send(ctx, p)
				case <-ctx.Done():
					return
				}
			}
		}))
	}
}

func (s *dispatcher) send(ctx context.Context, p queuedCall) {
	if p.barrier != nil && p.barrier.Add(-1) > 0 {
		return
	}
	if err := s.driver.Send(ctx, p.call); err != nil && ctx.Err() == nil {
		undeliveredTotal.Inc()
		s.failed(cluster.Undelivered{Call: p.call, Err: err})
	}
}

// dispatch queues the calls of one Ready. Launches go first: a call waits for the answer to the one before it in its lane,
// and nothing waits for an acknowledgement as an idle agent waits for work. A launch follows from nothing else in its
// Ready but the journal, and the KILL of its task, if there is one, comes after it still.
func (s *dispatcher) dispatch(ctx context.Context, calls []cluster.Call) {
	for _, call := range calls {
		if _, ok := call.(cluster.Accept); ok {
			s.queue(ctx, call)
		}
	}
	for _, call := range calls {
		if _, ok := call.(cluster.Accept); !ok {
			s.queue(ctx, call)
		}
	}
}

// queue queues a call, blocking while its lane is full.
func (s *dispatcher) queue(ctx context.Context, call cluster.Call) {
	countCall(call)
	if _, ok := call.(cluster.Reconcile); ok {
		b := new(atomic.Int32)
		b.Store(lanes)
		for _, lane := range s.lanes {
			put(ctx, lane, queuedCall{call, b})
		}
		return
	}
	put(ctx, s.lanes[laneOf(call)], queuedCall{call: call})
}

func put(ctx context.Context, lane chan queuedCall, p queuedCall) {
	select {
	case lane <- p:
	case <-ctx.Done():
	}
}

// laneOf keeps calls about one agent together; the rest, whose order among themselves matters (SUPPRESS and
// REVIVE), goes by lane 0.
func laneOf(call cluster.Call) int {
	var agent offers.AgentID
	switch call := call.(type) {
	case cluster.Accept:
		agent = call.Agent
	case cluster.Kill:
		agent = call.Agent
	case cluster.Acknowledge:
		agent = call.Agent
	case cluster.Message:
		agent = call.Agent
	case cluster.Shutdown:
		agent = call.Agent
	default:
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(agent))
	return int(h.Sum32() % lanes)
}
