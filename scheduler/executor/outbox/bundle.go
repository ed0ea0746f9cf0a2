package outbox

import (
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// bundleInterval is the time between updates of a bundle that runs: short enough for people and for early stopping,
// and so long that bundles of short trials cost few updates each.
const bundleInterval = time.Second

// mostBundleInterval is the longest that a Mux makes it: the ends of attempts wait for it too.
const mostBundleInterval = 2 * time.Second

// bundleBytes is how much one update of a bundle carries, but for what the last attempt in it adds.
const bundleBytes = 256 << 10

// Bundle makes the status updates of a task that runs several attempts, from the outboxes of these: as an Outbox does,
// one unacknowledged at a time, the end last. An update has what all of them have to say. It is pure, and for one
// goroutine at a time.
type Bundle struct {
	interval time.Duration // the Mux's, between updates of points
	hold     time.Duration // how long the Mux has closed batches wait; 0 or less: they may go

	parts    []part // of which something is to be told still, in the order they began or were given back
	due      time.Time
	more     bool // the last update did not carry all
	inFlight *Update
	end      *mesosapi.TaskState
	sentEnd  bool
}

// part is one attempt of a bundle.
type part struct {
	id   string
	box  *Outbox // nil: it is given back
	lock sync.Locker
}

// NewBundle is the outbox of a bundle that starts now, and says nothing before it has settled.
func NewBundle(settle time.Duration, now time.Time) *Bundle { return &Bundle{due: now.Add(settle)} }

// Begin takes in that an attempt begins, and where its points and its end will be. The lock is held whenever box is
// looked at; nil: it needs none. The box's bounds have no Settle, or it delays what it says.
func (b *Bundle) Begin(attempt string, box *Outbox, lock sync.Locker) {
	b.parts = append(b.parts, part{attempt, box, lock})
}

// Return takes in that an attempt will never begin.
func (b *Bundle) Return(attempt string) { b.parts = append(b.parts, part{id: attempt}) }

// Finish says that no more attempts begin and all have ended, and with which state the task does.
func (b *Bundle) Finish(state mesosapi.TaskState) {
	if b.end == nil {
		b.end = &state
	}
}

// take is Mux.Bundle without what that counts.
func (b *Bundle) take(now time.Time, id func() uuid.UUID) (*Update, time.Duration) {
	if b.inFlight != nil || b.sentEnd {
		return nil, 0
	}
	if wait := b.due.Sub(now); b.end == nil && wait > 0 {
		if b.hold < wait && (b.more || b.urgent()) {
			wait = b.hold
		}
		if wait > 0 {
			return nil, wait
		}
	}
	u := &Update{State: mesosapi.TASK_RUNNING, At: now}
	reports, more := b.collect(now, id)
	switch {
	case b.end != nil && !more:
		u.State, u.Terminal, b.sentEnd = *b.end, true, true
	case len(reports) == 0:
		return nil, 0
	}
	u.ID, u.Data = id(), task.Encode(task.Report{Attempts: reports})
	b.inFlight, b.more, b.due = u, more, now.Add(max(bundleInterval, min(b.interval, mostBundleInterval)))
	return u, 0
}

// urgent reports whether a batch is closed: those go out as fast as they are acknowledged and as a Mux lets them.
func (b *Bundle) urgent() bool {
	return slices.ContainsFunc(b.parts, func(p part) bool {
		if p.box == nil {
			return false
		}
		defer p.locked()()
		return p.box.Backlog()
	})
}

// collect takes what the attempts have to say, and reports whether there is more than one update carries.
func (b *Bundle) collect(now time.Time, id func() uuid.UUID) (all []task.AttemptReport, more bool) {
	size := 0
	kept := b.parts[:0]
	for _, p := range b.parts {
		left := true
		if size < bundleBytes {
			var reports []task.AttemptReport
			var bytes int
			reports, bytes, left = p.take(now, id)
			all, size = append(all, reports...), size+bytes
		}
		if left {
			kept = append(kept, p)
		}
	}
	clear(b.parts[len(kept):])
	b.parts = kept
	return all, size >= bundleBytes && len(kept) > 0
}

// locked takes the part's lock, if it has one, and returns what gives it back.
func (p *part) locked() func() {
	if p.lock == nil {
		return func() {}
	}
	p.lock.Lock()
	return p.lock.Unlock
}

// take takes what one attempt has to say, up to about bundleBytes, and reports whether more may come of it.
func (p *part) take(now time.Time, id func() uuid.UUID) (all []task.AttemptReport, bytes int, left bool) {
	if p.box == nil {
		return []task.AttemptReport{{Attempt: p.id, Back: true}}, len(p.id) + 16, false
	}
	defer p.locked()()
	for bytes < bundleBytes {
		u := p.box.any(now, id)
		if u == nil {
			break
		}
		p.box.Acknowledge(u.ID[:]) // the bundle's own update is what is sent until it is acknowledged
		r, err := task.Decode[task.Report](u.Data)
		if err != nil {
			continue // a spill that was damaged: the gap in the numbers tells of it
		}
		report := task.AttemptReport{Attempt: p.id, First: r.First, Points: r.Points, Lost: r.Lost, End: r.End}
		if r.End != nil {
			report.State, report.Message = stateName(u.State), u.Message
		}
		all, bytes = append(all, report), bytes+len(u.Data)+len(p.id)+len(u.Message)+32
	}
	return all, bytes, !p.box.Finished()
}

// stateName is a state as reports have it, without the prefix.
func stateName(s mesosapi.TaskState) string { return s.String()[len("TASK_"):] }

// InFlight is the update that waits for its acknowledgement; nil when there is none.
func (b *Bundle) InFlight() *Update { return b.inFlight }

// Acknowledge takes an acknowledgement; it tells whether it was for the update in flight.
func (b *Bundle) Acknowledge(id []byte) bool {
	if b.inFlight == nil || string(b.inFlight.ID[:]) != string(id) {
		return false
	}
	b.inFlight = nil
	return true
}

// Finished tells whether the last update was acknowledged.
func (b *Bundle) Finished() bool { return b.sentEnd && b.inFlight == nil }
