package journal

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/ugorji/go/codec"
	"go.etcd.io/bbolt"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler"
)

// errEnough ends a read whose caller wants no more.
var errEnough = errors.New("enough")

// Load yields what is kept, in the order that scheduler.Journal states. An entry that cannot be read ends it: the
// file is damaged, since every row was written whole.
func (j *Journal) Load() iter.Seq2[scheduler.Entry, error] {
	return func(yield func(scheduler.Entry, error) bool) {
		if err := j.settle(); err != nil {
			yield(nil, err)
			return
		}
		err := j.db.View(func(tx *bbolt.Tx) error {
			r := reader{tx: tx, dec: codec.NewDecoderBytes(nil, handle), yield: func(e scheduler.Entry) error {
				if !yield(e, nil) {
					return errEnough
				}
				return nil
			}}
			return r.all()
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, fmt.Errorf("read journal %s: %w", j.path, err))
		}
	}
}

type reader struct {
	tx    *bbolt.Tx
	dec   *codec.Decoder
	yield func(scheduler.Entry) error
}

func (r *reader) all() error {
	if id := r.tx.Bucket(metaBucket).Get(frameworkKey); id != nil {
		if err := r.yield(scheduler.FrameworkEntry{ID: scheduler.FrameworkID(id)}); err != nil {
			return err
		}
	}
	if err := r.tx.Bucket(executorsBucket).ForEach(r.executor); err != nil {
		return err
	}
	sweeps, err := r.sweeps()
	if err != nil {
		return err
	}
	for _, s := range sweeps {
		if err := r.yield(s); err != nil {
			return err
		}
	}
	for _, s := range sweeps {
		if err := r.trials(s.ID); err != nil {
			return fmt.Errorf("trials of sweep %s: %w", s.ID, err)
		}
	}
	for _, s := range sweeps {
		if err := r.records(s.ID); err != nil {
			return fmt.Errorf("records of sweep %s: %w", s.ID, err)
		}
	}
	return nil
}

func (r *reader) decode(b []byte, v any) error {
	r.dec.ResetBytes(b)
	if err := r.dec.Decode(v); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}

func (r *reader) executor(k, v []byte) error {
	agent, executor, ok := strings.Cut(string(k), "\x00")
	if !ok {
		return fmt.Errorf("executor %q has no agent", k)
	}
	var rows []amountRow
	if err := r.decode(v, &rows); err != nil {
		return fmt.Errorf("executor %s: %w", executor, err)
	}
	return r.yield(scheduler.ExecutorEntry{
		Agent: offers.AgentID(agent), Executor: offers.ExecutorID(executor), Resources: amounts(rows),
	})
}

// sweeps in order of submission, each with the mark of what the bucket has.
func (r *reader) sweeps() ([]scheduler.SweepEntry, error) {
	var all []scheduler.SweepEntry
	err := r.tx.Bucket(sweepsBucket).ForEach(func(k, v []byte) error {
		var s sweepRow
		if err := r.decode(v, &s); err != nil {
			return fmt.Errorf("sweep %s: %w", k, err)
		}
		e := s.entry(string(k))
		if records := r.tx.Bucket(recordsBucket).Bucket(k); records != nil {
			e.Stored = max(e.Stored, records.Sequence())
		}
		all = append(all, e)
		return nil
	})
	slices.SortFunc(all, func(a, b scheduler.SweepEntry) int { return cmp.Compare(a.Number, b.Number) })
	return all, err
}

func (r *reader) trials(id string) error {
	bucket := r.tx.Bucket(trialsBucket).Bucket([]byte(id))
	if bucket == nil {
		return nil
	}
	return bucket.ForEach(func(k, v []byte) error {
		if len(k) != 4 {
			return fmt.Errorf("key of %d bytes", len(k))
		}
		var t trialRow
		if err := r.decode(v, &t); err != nil {
			return err
		}
		return r.yield(t.entry(id, int(binary.BigEndian.Uint32(k))-1))
	})
}

func (r *reader) records(id string) error {
	bucket := r.tx.Bucket(recordsBucket).Bucket([]byte(id))
	if bucket == nil {
		return nil
	}
	stored := bucket.Sequence()
	left := reader{dec: codec.NewDecoderBytes(nil, handle), yield: func(e scheduler.Entry) error {
		if e.(scheduler.RecordEntry).Number <= stored {
			return nil
		}
		return r.yield(e)
	}}
	return bucket.ForEach(func(_, v []byte) error { return left.batch(id, v) })
}

// batch yields the records of one value.
func (r *reader) batch(id string, v []byte) error {
	r.dec.ResetBytes(v)
	for r.dec.NumBytesRead() < len(v) {
		var row recordRow
		if err := r.dec.Decode(&row); err != nil {
			return fmt.Errorf("decode: %w", err)
		}
		if err := r.yield(scheduler.RecordEntry{Sweep: id, Number: row.Number, Record: row.Record}); err != nil {
			return err
		}
	}
	return nil
}
