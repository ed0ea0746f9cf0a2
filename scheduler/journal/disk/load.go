package disk

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// errEnough ends a read whose caller wants no more.
var errEnough = errors.New("enough")

// Load yields what is kept, in the order that journal.Journal states. The journal must not be appended to meanwhile.
func (j *Journal) Load() iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		err := j.load(func(e journal.Entry) error {
			if !yield(e, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, fmt.Errorf("read journal %s: %w", j.path, err))
		}
	}
}

func (j *Journal) load(yield func(journal.Entry) error) error {
	j.mu.Lock()
	err := j.settle()
	s := j.store
	j.mu.Unlock()
	if err != nil {
		return err
	}
	return s.each(yield)
}

// each yields what is alive, in the order of Load.
func (s *store) each(yield func(journal.Entry) error) error {
	x := &s.index
	if err := s.entries(x.framework, yield); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(x.executors)) {
		if err := s.entries(x.executors[key], yield); err != nil {
			return err
		}
	}
	ids := slices.SortedFunc(maps.Keys(x.sweeps), func(a, b string) int {
		return cmp.Or(cmp.Compare(x.sweeps[a].number, x.sweeps[b].number), cmp.Compare(a, b))
	})
	for _, id := range ids {
		err := s.entries(x.sweeps[id].row, func(e journal.Entry) error {
			row := e.(journal.SweepEntry)
			row.Stored = max(row.Stored, x.sweeps[id].forgotten)
			return yield(row)
		})
		if err != nil {
			return err
		}
	}
	for _, id := range ids {
		for _, r := range x.sweeps[id].trials {
			if err := s.entries(r, yield); err != nil {
				return err
			}
		}
	}
	for _, id := range ids {
		stored := x.sweeps[id].forgotten
		for _, r := range x.sweeps[id].records {
			err := s.entries(r.ref, func(e journal.Entry) error {
				if e.(journal.RecordEntry).Number <= stored {
					return nil
				}
				return yield(e)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// entries yields what lies at r.
func (s *store) entries(r ref, yield func(journal.Entry) error) error {
	if r.n == 0 {
		return nil
	}
	b, err := s.get(r)
	if err != nil {
		return err
	}
	return unlog(b, func(e journal.Entry, _, _ int) error { return yield(e) })
}

// Replay calls yield with the records of a sweep after a number, in order, until there is none or yield says
// false. Records that were forgotten are left out. Any goroutine may call it while others append; it sees what
// was durable when it began.
func (j *Journal) Replay(sweepID string, after uint64, yield func(number uint64, r results.Record) bool) error {
	for {
		batch, err := j.next(sweepID, after)
		if err != nil {
			return fmt.Errorf("read records of sweep %s from journal %s: %w", sweepID, j.path, err)
		}
		if len(batch) == 0 {
			return nil
		}
		for _, e := range batch {
			if after = e.Number; !yield(e.Number, e.Record) {
				return nil
			}
		}
	}
}

// next is some of the records after a number; none when there is no further one. yield of Replay may take its time, and
// the store may be another afterwards.
func (j *Journal) next(sweepID string, after uint64) (batch []journal.RecordEntry, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.settle(); err != nil {
		return nil, err
	}
	s := j.store.index.sweeps[sweepID]
	if s == nil {
		return nil, nil
	}
	after = max(after, s.forgotten)
	for _, r := range s.records {
		if r.last <= after {
			continue
		}
		err := j.store.entries(r.ref, func(e journal.Entry) error {
			if e := e.(journal.RecordEntry); e.Number > after {
				batch = append(batch, e)
			}
			return nil
		})
		return batch, err
	}
	return nil, nil
}
