package scheduler

import (
	"context"
	"sync"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// laneCapacity is how many calls wait in a lane; a full lane blocks the loop, and with it the driver.
const laneCapacity = 4096

// dispatcher carries calls to the master in the order of cluster.Lanes, with one goroutine for each lane.
type dispatcher struct {
	driver cluster.Driver
	failed func(cluster.Undelivered)

	mu    sync.Mutex
	lanes cluster.Lanes
	work  [cluster.LaneCount]chan struct{} // capacity 1: full means the lane's goroutine will look
	room  [cluster.LaneCount]chan struct{} // capacity 1: a call has left the lane
}

func newDispatcher(d cluster.Driver, failed func(cluster.Undelivered)) *dispatcher {
	s := &dispatcher{driver: d, failed: failed}
	for i := range cluster.LaneCount {
		s.work[i], s.room[i] = make(chan struct{}, 1), make(chan struct{}, 1)
	}
	return s
}

// start runs the lanes until ctx ends; group waits for them.
func (s *dispatcher) start(ctx context.Context, group *sync.WaitGroup) {
	for lane := range cluster.LaneCount {
		group.Go(crash.Func(func() { s.run(ctx, lane) }))
	}
}

// run sends the calls of one lane, one after the other.
func (s *dispatcher) run(ctx context.Context, lane int) {
	for ctx.Err() == nil {
		if call := s.take(lane); call != nil {
			s.send(ctx, call)
			continue
		}
		select {
		case <-s.work[lane]:
		case <-ctx.Done():
		}
	}
}

func (s *dispatcher) take(lane int) cluster.Call {
	s.mu.Lock()
	call := s.lanes.Take(lane)
	s.mu.Unlock()
	wake(s.room[lane])
	return call
}

func (s *dispatcher) send(ctx context.Context, call cluster.Call) {
	if err := s.driver.Send(ctx, call); err != nil && ctx.Err() == nil {
		undeliveredTotal.Inc()
		s.failed(cluster.Undelivered{Call: call, Err: err})
	}
}

// queue queues a call, blocking while its lane is full.
func (s *dispatcher) queue(ctx context.Context, call cluster.Call) {
	countCall(call)
	if _, ok := call.(cluster.Reconcile); ok {
		s.mu.Lock()
		s.lanes.Put(call)
		s.mu.Unlock()
		for _, work := range s.work {
			wake(work)
		}
		return
	}
	lane := cluster.LaneOf(call)
	for !s.put(call, lane) {
		select {
		case <-s.room[lane]:
		case <-ctx.Done():
			return
		}
	}
	wake(s.work[lane])
}

// put queues a call if its lane has room.
func (s *dispatcher) put(call cluster.Call, lane int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lanes.Len(lane) >= laneCapacity {
		return false
	}
	s.lanes.Put(call)
	return true
}

// waiting is how many calls wait in all lanes.
func (s *dispatcher) waiting() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for lane := range cluster.LaneCount {
		n += s.lanes.Len(lane)
	}
	return n
}

// wake fills a channel of capacity 1: whoever waits there looks again, be it the loop or a lane.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
