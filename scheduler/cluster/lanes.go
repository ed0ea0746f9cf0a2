package cluster

import (
	"hash/fnv"

	"github.com/kaon-sweep/kaon/offers"
)

// LaneCount is how many calls may be under way at once. Sixteen and more are no faster than eight on two cores.
const LaneCount = 8

// Lanes is the order in which calls go to the master: the calls about one agent share a lane, and a lane has one call
// under way, so a KILL never overtakes the ACCEPT of its task. Different lanes are independent, because the master
// answers each call only after a round trip. A RECONCILE waits until every call put before it was answered: it is sent
// by the last lane that reaches it, and holds up no other.
//
// It is plain data, so that what sends calls and what simulates it keep one order. The zero value is empty and ready.
type Lanes struct {
	waiting [LaneCount][]queuedCall
}

// queuedCall is one call, or one that every lane has to reach.
type queuedCall struct {
	call    Call
	barrier *int // how many lanes have yet to reach it; nil: it is its lane's own
}

// Put queues a call, behind those that its lane has.
func (l *Lanes) Put(call Call) {
	if _, ok := call.(Reconcile); ok {
		left := LaneCount
		for i := range l.waiting {
			l.waiting[i] = append(l.waiting[i], queuedCall{call, &left})
		}
		return
	}
	i := LaneOf(call)
	l.waiting[i] = append(l.waiting[i], queuedCall{call: call})
}

// Take is the next call of a lane that has none under way; nil: it has nothing to send.
func (l *Lanes) Take(lane int) Call {
	for len(l.waiting[lane]) > 0 {
		q := l.waiting[lane][0]
		l.waiting[lane][0] = queuedCall{}
		l.waiting[lane] = l.waiting[lane][1:]
		if q.barrier == nil {
			return q.call
		}
		if *q.barrier--; *q.barrier == 0 {
			return q.call
		}
	}
	return nil
}

// Len is how many calls wait in a lane.
func (l *Lanes) Len(lane int) int { return len(l.waiting[lane]) }

// LaneOf is the lane of a call that is not a Reconcile: that of its agent. The rest, whose order among themselves
// matters, as that of SUPPRESS and REVIVE, go by lane 0.
func LaneOf(call Call) int {
	var agent offers.AgentID
	switch call := call.(type) {
	case Accept:
		agent = call.Agent
	case Kill:
		agent = call.Agent
	case Acknowledge:
		agent = call.Agent
	case Message:
		agent = call.Agent
	case Shutdown:
		agent = call.Agent
	default:
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(agent))
	return int(h.Sum32() % LaneCount)
}
