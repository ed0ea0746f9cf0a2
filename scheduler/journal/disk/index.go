package disk

import (
	"fmt"

	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// ref is where entries lie in the store.
type ref struct {
	at int64
	n  int32
}

// index knows where in the store lies what is alive.
type index struct {
	framework ref
	executors map[string]ref // agent NUL executor
	sweeps    map[string]*sweepIndex
	live      int64 // bytes of all refs
}

type sweepIndex struct {
	row       ref
	number    uint64
	trials    []ref // by trial+1; n is 0 where there is none
	records   []recordsRef
	forgotten uint64 // records up to this number
}

// recordsRef is some records of one sweep in a row.
type recordsRef struct {
	ref
	last uint64
}

// groupBytes bounds a recordsRef, more or less.
const groupBytes = 256 << 10

func newIndex() index {
	return index{executors: map[string]ref{}, sweeps: map[string]*sweepIndex{}}
}

func (x *index) set(to *ref, r ref) {
	x.live += int64(r.n) - int64(to.n)
	*to = r
}

func (x *index) sweep(id string) *sweepIndex {
	s := x.sweeps[id]
	if s == nil {
		s = &sweepIndex{}
		x.sweeps[id] = s
	}
	return s
}

// apply takes in an entry that lies at r.
func (x *index) apply(e journal.Entry, r ref) error {
	switch e := e.(type) {
	case journal.FrameworkEntry:
		x.set(&x.framework, r)
	case journal.ExecutorEntry:
		key := string(e.Agent) + "\x00" + string(e.Executor)
		old := x.executors[key]
		if e.Resources == nil {
			x.set(&old, ref{})
			delete(x.executors, key)
			return nil
		}
		x.set(&old, r)
		x.executors[key] = old
	case journal.SweepEntry:
		s := x.sweep(e.ID)
		x.set(&s.row, r)
		s.number = e.Number
		if e.Phase.Ended() && !e.KeepTrials {
			x.dropTrials(s)
		}
	case journal.TrialEntry:
		if e.Trial < -1 || e.Trial >= sweep.MaxTrials {
			return fmt.Errorf("trial %d of sweep %s", e.Trial, e.Sweep)
		}
		s := x.sweep(e.Sweep)
		if need := e.Trial + 2 - len(s.trials); need > 0 {
			s.trials = append(s.trials, make([]ref, need)...)
		}
		x.set(&s.trials[e.Trial+1], r)
	case journal.RecordEntry:
		s := x.sweep(e.Sweep)
		x.live += int64(r.n)
		if k := len(s.records) - 1; k >= 0 && s.records[k].at+int64(s.records[k].n) == r.at &&
			s.records[k].n < groupBytes {
			s.records[k].n += r.n
			s.records[k].last = e.Number
			return nil
		}
		s.records = append(s.records, recordsRef{r, e.Number})
	case journal.TruncateEntry:
		s := x.sweep(e.Sweep)
		s.forgotten = e.Through
		for len(s.records) > 0 && s.records[0].last <= e.Through {
			x.live -= int64(s.records[0].n)
			s.records = s.records[1:]
		}
	case journal.DeleteEntry:
		if s := x.sweeps[e.Sweep]; s != nil {
			x.set(&s.row, ref{})
			x.dropTrials(s)
			for _, r := range s.records {
				x.live -= int64(r.n)
			}
			delete(x.sweeps, e.Sweep)
		}
	default:
		return fmt.Errorf("entry of unknown type %T", e)
	}
	return nil
}

func (x *index) dropTrials(s *sweepIndex) {
	for i := range s.trials {
		x.live -= int64(s.trials[i].n)
	}
	s.trials = nil
}
