package outbox

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// Pace is how fast the updates of one executor go out.
type Pace struct {
	Batch int // bytes of points in one update; one point more may go over it
	// between updates that only bring points, for one attempt; with more it grows to mostGrowth times
	Interval time.Duration
	Window   uint64 // bytes sent that the scheduler has not said to have taken in; 0: 16 MiB
}

// Bounds of an executor's updates of points. They do not hold back what an attempt says of itself: that it runs,
// and how it ended with all that was left.
const (
	mostGrowth   = 5                      // of Pace.Interval, with attempts
	growBy       = 8                      // attempts that make it as long again
	ackShare     = 8                      // an update goes at most every so many times an acknowledgement takes
	mostAckWait  = 2 * time.Second        // but sooner than that
	bytesASecond = 4 << 20                // of full batches
	burst        = 250 * time.Millisecond // and so much of that ahead of time
	mostUnheard  = 16 << 20               // Pace.Window, if it is not set
	probeEvery   = 10 * time.Second       // an update beyond the window, which makes the scheduler say it again
)

// Member is an attempt of a Mux.
type Member interface {
	// ID names it to the scheduler.
	ID() string
	// Use runs f on its outbox, under its lock if it has one. f calls nothing else.
	Use(f func(*Outbox))
}

// Sending is an update, and the attempt that it is of.
type Sending struct {
	Member Member
	Update *Update
}

// Mux puts the points of all attempts of an executor into as few updates as there can be: every interval the open
// batches of all go in one update, which is that of one of the attempts and carries the others' points along; more
// than one only when they are more than Pace.Batch. An attempt's own updates, in Outbox.Take's words, are asked
// for by Own, those of a task that runs several attempts by Bundle.
//
// What is sent and not yet taken in by the scheduler is bounded: it says now and then how far it is, and beyond
// the window points stay in the outboxes. Acknowledgements alone cannot tell: an agent gives them for itself.
//
// A Mux is pure as an Outbox is, and for one goroutine at a time.
type Mux struct {
	pace    Pace
	members []Member

	due      time.Time     // when the next update with points may go
	full     time.Time     // when the next full batch may go, but for the burst
	told     time.Duration // the scheduler's interval; 0: it has none, and says not what it has taken in
	ack      time.Duration // that acknowledgements take, smoothed
	sent     uint64        // bytes
	received uint64        // of them, what the scheduler has taken in
	probe    time.Time     // when an update may go beyond the window

	riders map[uuid.UUID][]Member // whose points go with an update of another, which is in flight
}

// NewMux is the Mux of an executor without attempts.
func NewMux(p Pace) *Mux {
	if p.Window == 0 {
		p.Window = mostUnheard
	}
	return &Mux{pace: p, riders: map[uuid.UUID][]Member{}}
}

// Join adds an attempt, Leave removes it.
func (m *Mux) Join(x Member) { m.members = append(m.members, x) }

// Leave removes an attempt whose last update was acknowledged.
func (m *Mux) Leave(x Member) {
	m.members = slices.DeleteFunc(m.members, func(o Member) bool { return o == x })
}

// Hear takes what the scheduler says of the interval and of what it has taken in; zero: nothing. It tells whether
// attempts may go on that had to wait.
func (m *Mux) Hear(interval time.Duration, received uint64) (goOn bool) {
	if interval > 0 {
		m.told = interval
	}
	was := m.sent-m.received > m.pace.Window
	m.received = max(m.received, min(received, m.sent))
	return was && m.sent-m.received <= m.pace.Window
}

// Until is how long the next update that only brings points has to wait; 0 or less: it may go.
func (m *Mux) Until(now time.Time) time.Duration { return max(m.due.Sub(now), m.beyond(now)) }

// Interval is the least time between two updates that only bring points.
func (m *Mux) Interval() time.Duration {
	grown := m.pace.Interval * time.Duration(growBy+len(m.members)-1) / growBy
	return max(min(grown, mostGrowth*m.pace.Interval), m.told, min(ackShare*m.ack, mostAckWait))
}

// Own is the update that an attempt has to send for itself, or nil and how long to wait until there may be one
// (0: until something happens). waits: it has points for a Shared update.
func (m *Mux) Own(x Member, now time.Time, id func() uuid.UUID) (u *Update, wait time.Duration, waits bool) {
	hold := m.hold(now)
	x.Use(func(o *Outbox) {
		full := o.Backlog()
		u, wait = o.Take(now, id, hold <= 0)
		switch {
		case u == nil && full && o.inFlight == nil && !o.riding:
			wait = hold
		case u != nil && full:
			m.sentFull(u, now)
		}
		if u != nil {
			u.Data = m.stamp(u.Data)
		}
		waits = o.Waits()
	})
	return u, wait, waits
}

// Bundle is the next update that a bundle of the same executor has to send, or nil and how long to wait until there may
// be one (0: until something happens). It counts with what the members send, and what is more than a bundle says at its
// own interval waits as their full batches do.
func (m *Mux) Bundle(b *Bundle, now time.Time, id func() uuid.UUID) (*Update, time.Duration) {
	b.interval, b.hold = m.Interval(), m.hold(now)
	u, wait := b.take(now, id)
	if u != nil {
		if len(u.Data) >= m.pace.Batch {
			m.sentFull(u, now)
		}
		u.Data = m.stamp(u.Data)
	}
	return u, wait
}

// hold is how long a full batch has to wait; 0 or less: it may go.
func (m *Mux) hold(now time.Time) time.Duration {
	return max(maxTime(m.full, now).Sub(now)-burst, m.beyond(now))
}

// sentFull notes that a full batch goes.
func (m *Mux) sentFull(u *Update, now time.Time) {
	m.full = maxTime(m.full, now).Add(time.Duration(len(u.Data)) * time.Second / bytesASecond)
	m.probed(now)
}

// Shared are the updates that bring what points there are, or none and how long to wait until they may go (0:
// there are no points).
func (m *Mux) Shared(now time.Time, id func() uuid.UUID) (out []Sending, wait time.Duration) {
	if wait = m.Until(now); wait > 0 {
		return nil, wait
	}
	var with []Member
	var parts []task.Part
	bytes := 0
	send := func() {
		if len(with) > 0 {
			out = append(out, m.carry(now, id(), with, parts))
		}
		with, parts, bytes = nil, nil, 0
	}
	for _, x := range m.members {
		n, part := 0, task.Part{Task: x.ID()}
		x.Use(func(o *Outbox) {
			if o.Waits() {
				n = o.openBytes
				part.First, part.Points = o.take()
			}
		})
		if n == 0 {
			continue
		}
		if bytes+n > m.pace.Batch {
			send()
		}
		with, parts, bytes = append(with, x), append(parts, part), bytes+n
	}
	send()
	if len(out) > 0 {
		m.due = now.Add(m.Interval())
		m.probed(now)
	}
	return out, 0
}

// carry makes the first of the attempts send what was taken of all.
func (m *Mux) carry(now time.Time, id uuid.UUID, with []Member, parts []task.Part) Sending {
	data := m.stamp(task.Encode(task.Report{First: parts[0].First, Points: parts[0].Points, Others: parts[1:]}))
	s := Sending{Member: with[0]}
	with[0].Use(func(o *Outbox) { s.Update = o.carry(now, id, data) })
	if len(with) > 1 {
		m.riders[id] = with[1:]
	}
	return s
}

// Acknowledge takes the agent's acknowledgement of an update of an attempt. It tells whether it was for the one in
// flight, whether that was the last, and which other attempts had points in it and may now send something.
func (m *Mux) Acknowledge(x Member, id []byte, now time.Time) (ok, finished bool, landed []Member) {
	x.Use(func(o *Outbox) {
		u := o.InFlight()
		if ok = o.Acknowledge(id); ok {
			m.ack += (min(max(now.Sub(u.At), 0), mostAckWait) - m.ack) / 8
			landed = m.riders[u.ID]
			delete(m.riders, u.ID)
		}
		finished = o.Finished()
	})
	for _, r := range landed {
		r.Use((*Outbox).landed)
	}
	return ok, finished, landed
}

// stamp counts an update's bytes, and writes the sum into it.
func (m *Mux) stamp(data []byte) []byte {
	m.sent += uint64(len(data))
	return task.Stamp(data, m.sent, m.told > 0 && m.sent-m.received > m.pace.Window)
}

// beyond is how long what is beyond the window has to wait; 0 or less: it may go, or is not beyond.
func (m *Mux) beyond(now time.Time) time.Duration {
	if m.told == 0 || m.sent-m.received <= m.pace.Window {
		return 0
	}
	return m.probe.Sub(now)
}

// probed notes that an update of points went out: the next beyond the window waits.
func (m *Mux) probed(now time.Time) { m.probe = now.Add(probeEvery) }

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
