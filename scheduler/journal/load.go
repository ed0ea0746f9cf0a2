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
	"github.com/kaon-sweep/kaon/sweep"
)

// errEnough ends a read whose caller wants no more.
var errEnough = errors.New("enough")

// Load yields what is kept, in the order that scheduler.Journal states. An entry that cannot be read ends it: the
// file is damaged, since every row was written whole.
func (j *Journal) Load() iter.Seq2[scheduler.Entry, error] {
	return func(yield func(scheduler.Entry, error) bool) {
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
	e := scheduler.ExecutorEntry{Agent: offers.AgentID(agent), Executor: offers.ExecutorID(executor), Resources: []offers.Amount{}}
	for _, a := range rows {
		e.Resources = append(e.Resources, offers.Amount{
			Name: a.Name, Reservation: a.Reservation, Scalar: sweep.Milli(a.Scalar), Ranges: a.Ranges, Set: a.Set,
		})
	}
	return r.yield(e)
}

// sweeps in order of submission, each with the mark of what the bucket has.
func (r *reader) sweeps() ([]scheduler.SweepEntry, error) {
	var all []scheduler.SweepEntry
	err := r.tx.Bucket(sweepsBucket).ForEach(func(k, v []byte) error {
		var s sweepRow
		if err := r.decode(v, &s); err != nil {
			return fmt.Errorf("sweep %s: %w", k, err)
		}
		e := scheduler.SweepEntry{
			ID: string(k), Number: s.Number, File: s.File, Source: s.Source, Seed: s.Seed, Overrides: s.Overrides,
			Submitted: when(s.Submitted), Phase: scheduler.Phase(s.Phase), Paused: s.Paused, Killing: s.Killing,
			Sentence: s.Sentence, Outcome: scheduler.Phase(s.Outcome), Ended: when(s.Ended), Records: s.Records,
			Stored: s.Stored, Manifest: s.Manifest, Params: s.Params, States: s.States, Attempts: s.Attempts,
			Best: s.Best, BestTrial: s.BestTrial, KeepTrials: s.Keep,
		}
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
		e := scheduler.TrialEntry{
			Sweep: id, Trial: int(binary.BigEndian.Uint32(k)) - 1, State: sweep.State(t.State), Attempt: t.Attempt,
			Due: when(t.Due), Reason: t.Reason, Asked: t.Asked, Told: t.Told,
		}
		if b := t.Budget; len(b) == 4 {
			e.Budget = scheduler.Budget{Failures: b[0], Timeouts: b[1], Losses: b[2], Preemptions: b[3]}
		}
		if v, n := t.Value, t.Counts; len(v) == 4 && len(n) == 2 {
			e.Value = scheduler.Gauge{Reported: n[0], Finite: n[1], Last: v[0], Min: v[1], Max: v[2], Sum: v[3]}
		}
		if l := t.Live; l != nil {
			e.Agent, e.Host, e.Executor = offers.AgentID(l.Agent), l.Host, offers.ExecutorID(l.Executor)
			e.Launched, e.Started, e.Points, e.Ending = when(l.Launched), when(l.Started), l.Points, l.Ending
		}
		return r.yield(e)
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
