package journal

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// Memory is a Journal without a disk, for tests, the simulation, and what was read of another. It outlives the core
// that wrote it, so a crash is simply a new core that loads it. The zero value is empty and ready.
type Memory struct {
	// Fail, when set, is asked before every Append; its error refuses the batch.
	Fail func(entries []Entry) error

	framework cluster.FrameworkID
	executors map[ExecutorKey]ExecutorEntry
	sweeps    map[string]*memorySweep
}

type memorySweep struct {
	entry   SweepEntry
	trials  map[int]TrialEntry
	records []RecordEntry
}

// Append keeps the entries.
func (m *Memory) Append(entries []Entry) error {
	if m.Fail != nil {
		if err := m.Fail(entries); err != nil {
			return err
		}
	}
	if m.sweeps == nil {
		m.sweeps = map[string]*memorySweep{}
		m.executors = map[ExecutorKey]ExecutorEntry{}
	}
	for _, e := range entries {
		m.keep(e)
	}
	return nil
}

func (m *Memory) keep(e Entry) {
	switch e := e.(type) {
	case FrameworkEntry:
		m.framework = e.ID
	case ExecutorEntry:
		k := ExecutorKey{e.Agent, e.Executor}
		if e.Resources == nil {
			delete(m.executors, k)
		} else {
			m.executors[k] = e
		}
	case SweepEntry:
		s := m.sweep(e.ID)
		s.entry = e
		if e.Phase.Ended() && !e.KeepTrials {
			clear(s.trials)
		}
	case TrialEntry:
		m.sweep(e.Sweep).trials[e.Trial] = e
	case RecordEntry:
		s := m.sweep(e.Sweep)
		s.records = append(s.records, e)
	case TruncateEntry:
		s := m.sweep(e.Sweep)
		s.entry.Stored = e.Through
		s.records = slices.DeleteFunc(s.records, func(r RecordEntry) bool { return r.Number <= e.Through })
	case DeleteEntry:
		delete(m.sweeps, e.Sweep)
	}
}

func (m *Memory) sweep(id string) *memorySweep {
	s := m.sweeps[id]
	if s == nil {
		s = &memorySweep{trials: map[int]TrialEntry{}}
		m.sweeps[id] = s
	}
	return s
}

// Load yields what was kept.
func (m *Memory) Load() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range m.all() {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (m *Memory) all() []Entry {
	var all []Entry
	if m.framework != "" {
		all = append(all, FrameworkEntry{m.framework})
	}
	for _, k := range slices.SortedFunc(maps.Keys(m.executors), ExecutorKey.compare) {
		all = append(all, m.executors[k])
	}
	sweeps := slices.SortedFunc(maps.Values(m.sweeps), func(a, b *memorySweep) int {
		return cmp.Compare(a.entry.Number, b.entry.Number)
	})
	for _, s := range sweeps {
		all = append(all, s.entry)
	}
	for _, s := range sweeps {
		for _, t := range slices.Sorted(maps.Keys(s.trials)) {
			all = append(all, s.trials[t])
		}
	}
	for _, s := range sweeps {
		for _, r := range s.records {
			all = append(all, r)
		}
	}
	return all
}

// Close does nothing.
func (m *Memory) Close() error { return nil }

func (k ExecutorKey) compare(l ExecutorKey) int {
	return cmp.Or(cmp.Compare(k.Agent, l.Agent), cmp.Compare(k.Executor, l.Executor))
}
