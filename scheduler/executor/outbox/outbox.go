package outbox

import (
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// Bounds are what one attempt may keep and send.
type Bounds struct {
	Batch  int           // bytes of points in one update; one point more may go over it
	Memory int           // bytes of closed batches held in memory; more goes to the spill
	Stored int           // bytes of closed batches held in all; points beyond it are dropped
	Points uint64        // points an attempt may report; more are dropped
	Settle time.Duration // until a new attempt says that it runs: one that ends sooner says only that
}

// Update is one status update of an attempt: sent again, on every new subscription, until it is acknowledged.
type Update struct {
	ID       uuid.UUID
	State    mesosapi.TaskState
	Message  string
	Data     []byte // a task.Report
	At       time.Time
	Terminal bool

	// Sender is whatever the caller sent it by, so that it sends it by each of these once; an outbox never
	// looks at it.
	Sender any
}

// Ending is how an attempt ended.
type Ending struct {
	State   mesosapi.TaskState
	Message string
	End     task.End
	Empty   bool // nothing is left of it but this
}

// Outbox turns the points of one attempt into status updates: numbered, in order, one unacknowledged at a
// time, the end last. It is pure but for its spill, and for one goroutine at a time.
//
// Points gather in the open batch. A batch that is full is closed: encoded, and kept in memory or, beyond
// that, in the spill. Closed batches go out as fast as they are acknowledged and as a Mux lets them; the open one
// goes with the attempt's first update, or its last, or when a Mux takes it.
type Outbox struct {
	bounds Bounds
	spill  Spill // nil: none; then memory is all there is

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

	due      time.Time // when the first update may go
	started  bool      // it was made
	riding   bool      // points of it are in an update of another attempt, which is in flight
	inFlight *Update
	end      *Ending
	sentEnd  bool
}

// New is the outbox of an attempt that starts now. Without a spill, batches beyond Bounds.Memory are dropped.
func New(b Bounds, spill Spill, now time.Time) *Outbox {
	return &Outbox{bounds: b, spill: spill, due: now.Add(b.Settle)}
}

// Add takes one point, or counts it as dropped; it tells which. A point without a step of its own gets its
// number among those with metrics.
func (o *Outbox) Add(p results.Point, hasStep bool) bool {
	if o.end != nil || o.full || o.next >= o.bounds.Points || o.bytes >= o.bounds.Stored {
		o.dropped++
		return false
	}
	if !hasStep {
		p.Step = int64(o.next - o.silent)
	}
	o.next++
	if len(p.Metrics) == 0 {
		o.silent++
	}
	o.open = append(o.open, p)
	if o.openBytes += pointBytes(p); o.openBytes >= o.bounds.Batch {
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

// Drop counts points, or lines that would have been, which never came to Add.
func (o *Outbox) Drop(n uint64) { o.dropped += n }

// Next is the number that the next point gets.
func (o *Outbox) Next() uint64 { return o.next }

// InFlight is the update that waits for its acknowledgement; nil when there is none.
func (o *Outbox) InFlight() *Update { return o.inFlight }

// Ended tells whether Finish was called.
func (o *Outbox) Ended() bool { return o.end != nil }

// close encodes the open batch, and keeps it in memory or in the spill.
func (o *Outbox) close() {
	points, silent := len(o.open), 0
	for i := range o.open {
		if len(o.open[i].Metrics) == 0 {
			silent++
		}
	}
	data := o.report(nil)
	o.bytes += len(data)
	if len(o.spilled) > 0 || o.inMemory+len(data) > o.bounds.Memory {
		if o.spill != nil && o.spill.Push(data) == nil {
			o.spilled = append(o.spilled, points)
			return
		}
		o.full = true
		if len(o.spilled) > 0 {
			// Memory is older than the spill, so the batch has no place: its numbers go to the next.
			o.bytes -= len(data)
			o.next, o.silent = o.next-uint64(points), o.silent-uint64(silent)
			o.dropped += uint64(points)
			return
		}
	}
	o.closed = append(o.closed, data)
	o.inMemory += len(data)
}

// Finish says how the attempt ended; later points are dropped. Only the first call counts.
func (o *Outbox) Finish(e Ending) {
	if o.end == nil {
		o.end = &e
	}
}

// Take returns the next update that the attempt has to send for itself, with a fresh id, or nil and how long to
// wait until there may be one (0: until something happens): its first, that it runs; closed batches, when more is
// true; the last. While its points are under way with another attempt's update it sends none, so that the agent
// never has an update before points that precede it.
func (o *Outbox) Take(now time.Time, id func() uuid.UUID, more bool) (*Update, time.Duration) {
	if o.inFlight != nil || o.riding || o.sentEnd {
		return nil, 0
	}
	u := &Update{State: mesosapi.TASK_RUNNING, At: now}
	switch {
	case o.Backlog():
		if !more && o.end == nil {
			return nil, 0
		}
		u.Data = o.oldest()
	case o.end != nil:
		o.sentEnd, u.Terminal = true, true
		u.State, u.Message = o.end.State, o.end.Message
		o.end.End.Dropped = o.dropped
		u.Data = o.report(&o.end.End)
	case o.started:
		return nil, 0
	case now.Before(o.due):
		return nil, o.due.Sub(now)
	default:
		u.Data = o.report(nil)
	}
	u.ID = id()
	o.started, o.inFlight = true, u
	return u, 0
}

// Backlog tells whether closed batches wait.
func (o *Outbox) Backlog() bool { return len(o.closed) > 0 || len(o.spilled) > 0 }

// Waits tells whether the open batch may go with a Mux: all before it is with the agent.
func (o *Outbox) Waits() bool {
	return len(o.open) > 0 && o.started && o.inFlight == nil && !o.riding && o.end == nil && !o.Backlog()
}

// take takes the open batch to send it with an update of this attempt, or of another. Until landed or carry
// nothing else of the attempt is sent.
func (o *Outbox) take() (first uint64, points []results.Point) {
	first, points = o.next-uint64(len(o.open)), o.open
	o.open, o.openBytes, o.riding = nil, 0, true
	return first, points
}

// carry makes an update with what was taken of this attempt and of others.
func (o *Outbox) carry(now time.Time, id uuid.UUID, data []byte) *Update {
	u := &Update{ID: id, State: mesosapi.TASK_RUNNING, At: now, Data: data}
	o.inFlight, o.riding = u, false
	return u
}

// any is an update with the next that there is to say: of an attempt whose updates are not sent as they are.
func (o *Outbox) any(now time.Time, id func() uuid.UUID) *Update {
	if u, _ := o.Take(now, id, true); u != nil || !o.Waits() {
		return u
	}
	first, points := o.take()
	return o.carry(now, id(), task.Encode(task.Report{First: first, Points: points}))
}

// landed says that the agent has what was taken.
func (o *Outbox) landed() { o.riding = false }

// report empties the open batch into a Report.
func (o *Outbox) report(end *task.End) []byte {
	data := task.Encode(task.Report{First: o.next - uint64(len(o.open)), Points: o.open, End: end})
	o.open, o.openBytes = nil, 0
	return data
}

// oldest removes and returns the oldest closed batch. The points of a batch that can no longer be read back
// count as dropped, and their numbers are missing.
func (o *Outbox) oldest() []byte {
	var data []byte
	if len(o.closed) > 0 {
		data = o.closed[0]
		o.closed = o.closed[1:]
		o.inMemory -= len(data)
		o.bytes -= len(data)
	} else {
		var err error
		data, err = o.spill.Pop()
		o.bytes -= len(data)
		if err != nil {
			var lost uint64
			for _, points := range o.spilled {
				lost += uint64(points)
			}
			o.dropped += lost
			o.spilled, o.bytes = o.spilled[:1], 0
			data = task.Encode(task.Report{First: o.next - uint64(len(o.open)), Lost: lost})
		}
		o.spilled = o.spilled[1:]
	}
	o.full = o.full && (len(o.spilled) > 0 || o.inMemory >= o.bounds.Memory)
	return data
}

// Acknowledge takes an acknowledgement; it tells whether it was for the update in flight.
func (o *Outbox) Acknowledge(id []byte) bool {
	if o.inFlight == nil || string(o.inFlight.ID[:]) != string(id) {
		return false
	}
	o.inFlight = nil
	return true
}

// Finished tells whether the last update was acknowledged.
func (o *Outbox) Finished() bool { return o.sentEnd && o.inFlight == nil }
