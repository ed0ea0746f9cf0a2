package simtest

import (
	"encoding/binary"
	"iter"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// Mutation is a mistake planted around the core, to prove that the simulation would find one. Nothing outside
// this package can switch it on.
type Mutation uint8

// The planted mistakes.
const (
	NoMutation       Mutation = iota
	AckBeforeJournal          // acknowledgements leave before the journal holds what they claim
	ForgetDedupe              // an update that comes again counts again
	RelaunchNoKill            // a given-up attempt that returns is left running
	UseRescinded              // rescinded offers are used
	LaunchUnkept              // launches leave before the journal holds them
	ForgetAttempts            // a restart does not know what ran
	TrustBucket               // the journal forgets records before the bucket has them
	IgnoreSuppress            // SUPPRESS is never sent
	ForgetForeign             // what executors find out about an agent's architecture is not heard
	NoGrace                   // an agent that is out of reach is not waited for
	NoOrder                   // points that precede those of an update are not waited for
	ForgetMarks               // a restart does not know what trials had when they were compared
	ForgetBundles             // a restart takes the attempts of a bundle for tasks of their own
	ForgetExtensions          // a restart reads sweeps as they were submitted
	Mutations                 // how many there are, with NoMutation
)

var mutationNames = [Mutations]string{"no mutation", "acknowledge before journal", "forget dedupe",
	"relaunch without kill", "use a rescinded offer",
	"launch before journal", "forget attempts at a restart", "forget records too early", "never suppress",
	"forget what executors find out", "relaunch without grace", "take updates in as they come",
	"forget marks at a restart", "forget bundles at a restart", "forget extensions at a restart"}

// String is the mistake's name.
func (m Mutation) String() string { return mutationNames[m] }

// mutationState is the memory that the planted mistakes need.
type mutationState struct {
	passed map[cluster.TaskID]uint64 // points shown to the core
	uuids  map[string][]byte         // false uuid to the real one
	count  uint64
}

// incoming changes an event on its way to the core.
func (m *mutationState) incoming(mutation Mutation, ev cluster.Event) cluster.Event {
	if x, ok := ev.(cluster.ExecutorGone); ok && mutation == ForgetForeign {
		x.Wait = 0
		return x
	}
	u, ok := ev.(cluster.Updated)
	if !ok || len(u.Status.Data) == 0 {
		return ev
	}
	switch mutation {
	case ForgetDedupe:
		return m.forgetful(u)
	case NoOrder:
		return unordered(u)
	}
	return ev
}

// unordered says that whatever precedes the points of an update will never come.
func unordered(u cluster.Updated) cluster.Event {
	r, err := task.Decode[task.Report](u.Status.Data)
	if err != nil {
		return u
	}
	r.Lost = r.First
	u.Status.Data = task.Encode(r)
	return u
}

// forgetful makes every update look new: what a scheduler sees that knows neither uuids nor numbers of
// points.
func (m *mutationState) forgetful(u cluster.Updated) cluster.Event {
	r, err := task.Decode[task.Report](u.Status.Data)
	if err != nil {
		return u
	}
	if m.passed == nil {
		m.passed, m.uuids = map[cluster.TaskID]uint64{}, map[string][]byte{}
	}
	s := &u.Status
	r.First = max(m.passed[s.Task], r.First)
	m.passed[s.Task] = r.First + uint64(len(r.Points))
	for i := range r.Attempts {
		p := &r.Attempts[i]
		p.First = max(m.passed[cluster.TaskID(p.Attempt)], p.First)
		m.passed[cluster.TaskID(p.Attempt)] = p.First + uint64(len(p.Points))
	}
	s.Data = task.Encode(r)
	if len(s.UUID) > 0 {
		m.count++
		fresh := binary.BigEndian.AppendUint64(make([]byte, 8), m.count)
		m.uuids[string(fresh)] = s.UUID
		s.UUID = fresh
	}
	return u
}

// swallowed says that a call is forgotten; it also undoes false uuids.
func (m *mutationState) swallowed(p *process, c cluster.Call) bool {
	switch c := c.(type) {
	case cluster.Kill:
		return p.w.mutation == RelaunchNoKill && !p.w.laws.taskBelieved(c.Task)
	case cluster.Suppress:
		return p.w.mutation == IgnoreSuppress
	case cluster.Acknowledge:
		if real, ok := m.uuids[string(c.UUID)]; ok {
			copy(c.UUID, real)
		}
	}
	return false
}

// skipsJournal says that a call leaves before the journal has what it claims.
func (m Mutation) skipsJournal(c cluster.Call) bool {
	switch c.(type) {
	case cluster.Acknowledge:
		return m == AckBeforeJournal
	case cluster.Accept:
		return m == LaunchUnkept
	}
	return false
}

// grace is how long the core waits for an agent that is out of reach.
func (m Mutation) grace(s *Story) time.Duration {
	if m == NoGrace {
		return time.Millisecond
	}
	return s.Grace
}

// read leaves live attempts out of what is read from the journal.
func (m Mutation) read(all iter.Seq2[journal.Entry, error]) iter.Seq2[journal.Entry, error] {
	if m != ForgetAttempts && m != ForgetMarks && m != ForgetBundles && m != ForgetExtensions {
		return all
	}
	return func(yield func(journal.Entry, error) bool) {
		for e, err := range all {
			if s, ok := e.(journal.SweepEntry); ok && m == ForgetExtensions {
				s.Extensions = nil
				e = s
			} else if m == ForgetExtensions {
				// the trials stand as they do
			} else if t, ok := e.(journal.TrialEntry); ok && m == ForgetMarks {
				t.Stop = nil
				e = t
			} else if ok && (t.State == sweep.Launched || t.State == sweep.Running) {
				if t.Task = ""; m == ForgetAttempts {
					t.State = sweep.Waiting
				}
				e = t
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
