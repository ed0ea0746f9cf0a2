package executor

import (
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// limits bound what one attempt may keep and send.
type limits struct {
	batch    int           // bytes of points in one update; one point more may go over it
	memory   int           // bytes of closed batches held in memory; more goes to the spill
	stored   int           // bytes of closed batches held in all; points beyond it are dropped
	points   uint64        // points an attempt may report; more are dropped
	settle   time.Duration // until a new attempt says that it runs: one that ends sooner says only that it ended
	interval time.Duration // between updates of a running attempt while points trickle in
}

// spill keeps closed batches, first in first out, when memory is used up.
type spill interface {
	push(batch []byte) error
	pop() ([]byte, error)
}

// outUpdate is one status update of an attempt, to be sent until it is acknowledged.
type outUpdate struct {
	id       uuid.UUID
	state    mesosapi.TaskState
	message  string
	data     []byte // a task.Report
	at       time.Time
	terminal bool
	sentOn   *link // the subscription it was sent on, by itself or listed in the SUBSCRIBE call
}

// outbox turns the points of one attempt into status updates: numbered, in order, one unacknowledged at a
// time, the end last. It is pure but for its spill; the caller holds a lock around it.
//
// Points gather in the open batch. A batch that is full is closed: encoded, and kept in memory or, beyond
// that, in the spill. Closed batches go out as fast as they are acknowledged; the open one when interval has
// passed since the last update, so points coalesce while an update is unacknowledged.
type outbox struct {
	lim   limits
	spill spill

	open      []results.Point
	openBytes int
	closed    [][]byte // in memory, older than those in the spill
	bytes     int      // of all closed batches
	inMemory  int      // of those in memory
	spilled   []int    // points of each batch in the spill

	next    uint64 // number of the next point
	silent  uint64 // points before it without metrics
	dropped uint64
	full    bool // the spill refused a batch; no more points until it is empty

	due      time.Time // when the open batch may go
	started  bool      // an update was made
	inFlight *outUpdate
	end      *ending
	sentEnd  bool
}

// ending is how an attempt ended.
type ending struct {
	state   mesosapi.TaskState
	message string
	end     task.End
}

func newOutbox(lim limits, sp spill, now time.Time) *outbox {
	return &outbox{lim: lim, spill: sp, due: now.Add(lim.settle)}
}

// add takes one point, or counts it as dropped; it tells which. A point without a step of its own gets its
// number among those with metrics.
func (o *outbox) add(m measure, millis int64) bool {
	if o.end != nil || o.full || o.next >= o.lim.points || o.bytes >= o.lim.stored {
		o.dropped++
		return false
	}
	p := results.Point{Step: m.step, Millis: millis, Metrics: m.metrics, Note: m.note}
	if !m.hasStep {
		p.Step = int64(o.next - o.silent)
	}
	o.next++
	if len(m.metrics) == 0 {
		o.silent++
	}
	o.open = append(o.open, p)
	if o.openBytes += pointBytes(p); o.openBytes >= o.lim.batch {
		o.close()
	}
	return true
}

// pointBytes is an upper bound of what a point takes in a Report.
func pointBytes(p results.Point) int {
	n := 32
	for name := range p.Metrics {
		n += len(name) + 12
	}
	if p.Note != nil {
		n += 32 + len(p.Note.Milestone) + len(p.Note.Name) + len(p.Note.Value)
	}
	return n
}

func (o *outbox) close() {
	points, silent := len(o.open), 0
	for i := range o.open {
		if len(o.open[i].Metrics) == 0 {
			silent++
		}
	}
	data := o.report(nil)
	o.bytes += len(data)
	if len(o.spilled) > 0 || o.inMemory+len(data) > o.lim.memory {
		if o.spill.push(data) == nil {
			o.spilled = append(o.spilled, points)
			return
		}
		o.full = true
		if len(o.spilled) > 0 { // memory is older than the spill, so the batch has no place: its numbers go to the next
			o.bytes -= len(data)
			o.next, o.silent = o.next-uint64(points), o.silent-uint64(silent)
			o.dropped += uint64(points)
			return
		}
	}
	o.closed = append(o.closed, data)
	o.inMemory += len(data)
}

// finish says how the attempt ended; later points are dropped. Only the first call counts.
func (o *outbox) finish(e ending) {
	if o.end == nil {
		o.end = &e
	}
}

// take returns the next update to send, with a fresh id, or nil and how long to wait until there may be one
// (0: until something happens).
func (o *outbox) take(now time.Time, id func() uuid.UUID) (*outUpdate, time.Duration) {
	if o.inFlight != nil || o.sentEnd {
		return nil, 0
	}
	u := &outUpdate{state: mesosapi.TASK_RUNNING, at: now}
	switch {
	case len(o.closed) > 0 || len(o.spilled) > 0:
		u.data = o.oldest()
	case o.end != nil:
		o.sentEnd, u.terminal = true, true
		u.state, u.message = o.end.state, o.end.message
		o.end.end.Dropped = o.dropped
		u.data = o.report(&o.end.end)
	case o.started && len(o.open) == 0:
		return nil, 0
	case now.Before(o.due):
		return nil, o.due.Sub(now)
	default:
		u.data = o.report(nil)
	}
	u.id = id()
	o.started, o.inFlight, o.due = true, u, now.Add(o.lim.interval)
	return u, 0
}

// report empties the open batch into a Report.
func (o *outbox) report(end *task.End) []byte {
	data := task.Encode(task.Report{First: o.next - uint64(len(o.open)), Points: o.open, End: end})
	o.open, o.openBytes = nil, 0
	return data
}

// oldest removes and returns the oldest closed batch. The points of a batch that can no longer be read back
// count as dropped, and their numbers are missing.
func (o *outbox) oldest() []byte {
	var data []byte
	if len(o.closed) > 0 {
		data = o.closed[0]
		o.closed = o.closed[1:]
		o.inMemory -= len(data)
		o.bytes -= len(data)
	} else {
		var err error
		data, err = o.spill.pop()
		o.bytes -= len(data)
		if err != nil {
			for _, points := range o.spilled {
				o.dropped += uint64(points)
			}
			o.spilled, o.bytes = o.spilled[:1], 0
			data = task.Encode(task.Report{First: o.next - uint64(len(o.open))})
		}
		o.spilled = o.spilled[1:]
	}
	o.full = o.full && (len(o.spilled) > 0 || o.inMemory >= o.lim.memory)
	return data
}

// acknowledge takes an acknowledgement; it tells whether it was for the update in flight.
func (o *outbox) acknowledge(id []byte) bool {
	if o.inFlight == nil || string(o.inFlight.id[:]) != string(id) {
		return false
	}
	o.inFlight = nil
	return true
}

// finished tells whether the last update was acknowledged.
func (o *outbox) finished() bool { return o.sentEnd && o.inFlight == nil }
