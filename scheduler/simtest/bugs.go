package simtest

import (
	"encoding/binary"
	"encoding/json"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/wire"
)

// Bug is a mistake planted around the core, to prove that the simulation would find one. Nothing outside this package
// can switch it on.
type Bug uint8

// The planted mistakes.
const (
	NoBug            Bug = iota
	AckBeforeJournal     // acknowledgements leave before the journal holds what they claim
	ForgetDedupe         // an update that comes again counts again
	RelaunchNoKill       // a given-up attempt that returns is left running
	UseRescinded         // rescinded offers are used
	DropLastPoint        // the last point of a report is forgotten
)

// bugs is the memory that the planted mistakes need.
type bugs struct {
	passed map[scheduler.TaskID]uint64 // points shown to the core
	uuids  map[string][]byte           // false uuid to the real one
	count  uint64
}

// incoming changes an event on its way to the core.
func (b *bugs) incoming(bug Bug, ev scheduler.Event) scheduler.Event {
	u, ok := ev.(scheduler.Updated)
	if !ok || len(u.Status.Data) == 0 {
		return ev
	}
	switch bug {
	case ForgetDedupe:
		return b.forgetful(u)
	case DropLastPoint:
		r, err := wire.Decode[wire.Report](u.Status.Data)
		if err == nil && len(r.Points) > 1 {
			r.Points = r.Points[:len(r.Points)-1]
			u.Status.Data = wire.Encode(r)
		}
		return u
	}
	return ev
}

// forgetful makes every update look new: what a scheduler sees that knows neither uuids nor numbers of points.
func (b *bugs) forgetful(u scheduler.Updated) scheduler.Event {
	r, err := wire.Decode[wire.Report](u.Status.Data)
	if err != nil {
		return u
	}
	if b.passed == nil {
		b.passed, b.uuids = map[scheduler.TaskID]uint64{}, map[string][]byte{}
	}
	s := &u.Status
	r.First = max(b.passed[s.Task], r.First)
	b.passed[s.Task] = r.First + uint64(len(r.Points))
	s.Data = wire.Encode(r)
	if len(s.UUID) > 0 {
		b.count++
		fresh := binary.BigEndian.AppendUint64(make([]byte, 8), b.count)
		b.uuids[string(fresh)] = s.UUID
		s.UUID = fresh
	}
	return u
}

// swallowed says that a call is forgotten; it also undoes false uuids.
func (b *bugs) swallowed(p *process, c scheduler.Call) bool {
	switch c := c.(type) {
	case scheduler.Kill:
		return p.w.bug == RelaunchNoKill && !p.w.laws.believed(c.Task)
	case scheduler.Acknowledge:
		if real, ok := b.uuids[string(c.UUID)]; ok {
			copy(c.UUID, real)
		}
	}
	return false
}

// packer is the real index, watched.
type packer struct {
	*offers.Index
	w *world
}

// Rescind implements scheduler.Packer.
func (x *packer) Rescind(id offers.OfferID) bool {
	if x.w.bug == UseRescinded {
		return false
	}
	return x.Index.Rescind(id)
}

func encodeWinner(w results.Winner) ([]byte, error) { return json.Marshal(w) }
