package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ugorji/go/codec"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/sweep"
)

// Memo is what attempts that ended well have left of one work, by the key of each. It is read once, from the records of
// the sweeps that the results' index names, and held packed; nothing of the index itself is believed but which records
// to look at.
type Memo struct {
	Sweeps  []string // whose records were read, in the order of the index
	Skipped []Damage // of sweeps that could not be read, and are left out
	kept    map[string]memorized
	bytes   int
}

// memorized is the records of one attempt.
type memorized struct {
	ran    results.Ran
	cached bool // another attempt did the work
	packed [][]byte
}

const (
	maxMemo       = 256 << 20 // bytes of packed records that a memo holds; what is beyond is done again
	maxMemoSweeps = 10_000    // sweeps of one work
)

// WriteWork tells that a sweep has results of a work, for sweeps that come after.
func WriteWork(ctx context.Context, b bucket.Bucket, work, id string) error {
	return b.Put(ctx, results.WorkName(work, id), bytes.NewReader([]byte("{}\n")))
}

// WorkSweeps is the sweeps that have, or will have, results of a work, by the results' index.
func WorkSweeps(ctx context.Context, b bucket.Bucket, work string) (ids []string, err error) {
	prefix := results.WorkPrefix(work)
	for o, err := range b.List(ctx, prefix) {
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, err)
		}
		id := strings.TrimPrefix(o.Name, prefix)
		if id != "" && !strings.Contains(id, "/") && len(ids) < maxMemoSweeps {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// ReadMemo reads the results of a work from the records of sweeps, as far as they ended before a time (Unix
// milliseconds; 0: at any). A sweep whose own sweep.json does not say that it does that work is none of them.
func ReadMemo(ctx context.Context, b bucket.Bucket, work string, ids []string, before int64) (*Memo, error) {
	m := &Memo{kept: map[string]memorized{}}
	for _, id := range ids {
		known, err := ReadSweep(ctx, b, id)
		switch {
		case errors.Is(err, bucket.ErrNotExist) || err == nil && known.Work != work:
			continue // it was deleted, or the index is wrong
		case errors.Is(err, bucket.ErrUnavailable) || ctx.Err() != nil:
			return nil, fmt.Errorf("read what did the work already: %w", err)
		case err != nil:
			m.Skipped = append(m.Skipped, Damage{results.ObjectName(id, results.SweepFile), err})
			continue
		}
		m.Sweeps = append(m.Sweeps, id)
		damage, err := m.read(ctx, b, known, before)
		m.Skipped = append(m.Skipped, damage...)
		if errors.Is(err, bucket.ErrUnavailable) || ctx.Err() != nil {
			return nil, fmt.Errorf("read what did the work already: %w", err)
		}
		if err != nil {
			m.Skipped = append(m.Skipped, Damage{results.RecordsPrefix(id), err})
		}
	}
	return m, nil
}

// read takes in the attempts of one sweep. What those of one left that has yet to remove what it does not keep may go,
// and they do not count then.
func (m *Memo) read(ctx context.Context, b bucket.Bucket, known Sweep, before int64) ([]Damage, error) {
	id, passing := known.ID, known.Prunes && known.Pruned == ""
	type attempt struct {
		packed [][]byte
		end    *results.End
	}
	open := map[results.Ran]*attempt{}
	var order []results.Ran
	damage, err := EachRecord(ctx, b, id, func(r results.Record) error {
		ran := results.Ran{Sweep: r.Sweep, Trial: r.Trial, Attempt: r.Attempt}
		if r.Sweep != id || r.Trial < 0 || m.bytes > maxMemo {
			return nil
		}
		a := open[ran]
		if a == nil {
			a = &attempt{}
			open[ran] = a
			order = append(order, ran)
		}
		var packed []byte
		if err := codec.NewEncoderBytes(&packed, results.MessagePack).Encode(r); err != nil {
			return err
		}
		a.packed = append(a.packed, packed)
		m.bytes += len(packed)
		if r.End != nil {
			a.end = r.End
		}
		return nil
	})
	counts := func(a *attempt) bool {
		return a.end != nil && usable(a.end) && (before <= 0 || a.end.EndMs <= before) &&
			!(passing && len(a.end.Files) > 0)
	}
	left := map[results.Ran][]results.Artifact{}
	for ran, a := range open {
		if counts(a) && len(a.end.Files) > 0 {
			left[ran] = a.end.Files
		}
	}
	if err == nil {
		err = keepWhole(ctx, b, id, left)
	}
	for _, ran := range order {
		a := open[ran]
		if !counts(a) || len(a.end.Files) > 0 && (err != nil || left[ran] == nil) {
			m.drop(a.packed)
			continue
		}
		cached := a.end.From != nil
		had, known := m.kept[a.end.Key]
		if known && (!had.cached || cached) {
			m.drop(a.packed) // another did the same
			continue
		}
		m.drop(had.packed)
		m.kept[a.end.Key] = memorized{ran, cached, a.packed}
	}
	return damage, err
}

// keepWhole takes those attempts out of which a file is not in the results any more, as the sweep did not keep it.
func keepWhole(ctx context.Context, b bucket.Bucket, id string, left map[results.Ran][]results.Artifact) error {
	if len(left) == 0 {
		return nil
	}
	byName := func(f results.Artifact, name string) int { return strings.Compare(f.Name, name) }
	for _, files := range left {
		slices.SortFunc(files, func(f, g results.Artifact) int { return byName(f, g.Name) })
	}
	there := map[results.Ran]int{}
	for o, err := range b.List(ctx, results.AllArtifactsPrefix(id)) {
		if err != nil {
			return fmt.Errorf("list artifacts of %s: %w", id, err)
		}
		trial, number, ok := results.ArtifactAttempt(id, o.Name)
		if !ok {
			continue
		}
		ran := results.Ran{Sweep: id, Trial: trial, Attempt: number}
		if _, is := slices.BinarySearchFunc(left[ran], strings.TrimPrefix(o.Name, ran.Artifacts()), byName); is {
			there[ran]++
		}
	}
	for ran, files := range left {
		if there[ran] < len(files) {
			delete(left, ran)
		}
	}
	return nil
}

// drop takes in that records are not kept.
func (m *Memo) drop(packed [][]byte) {
	for _, p := range packed {
		m.bytes -= len(p)
	}
}

// usable reports whether an attempt did its work to the end: one that was ended early did another, shorter one. Whose
// files lie with another sweep need not be asked: that sweep's own attempt counts, unless the files are gone.
func usable(e *results.End) bool {
	did := e.State == sweep.AttemptSucceeded || e.State == sweep.AttemptCached && e.From != nil && len(e.Files) == 0
	return did && e.Final && e.Stop == nil && e.Key != ""
}

// Known is how many different works with their parameters the memo has.
func (m *Memo) Known() int { return len(m.kept) }

// Find is the attempt that did the work of a key: who did it, its points and its end.
func (m *Memo) Find(key string) (from results.Ran, points []results.Point, end results.End, ok bool) {
	kept, known := m.kept[key]
	if !known {
		return from, nil, end, false
	}
	var all []results.Record
	for _, packed := range kept.packed {
		var r results.Record
		if err := codec.NewDecoderBytes(packed, results.MessagePack).Decode(&r); err != nil {
			return from, nil, end, false
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b results.Record) int {
		return int(min(max(int64(a.First)-int64(b.First), -1), 1))
	})
	for _, r := range all {
		if len(r.Points) > 0 && r.First > uint64(len(points)) {
			return from, nil, end, false // some are missing
		}
		known := min(uint64(len(points))-r.First, uint64(len(r.Points))) // a record may be there twice
		points = append(points, r.Points[known:]...)
		if r.End != nil {
			end = *r.End
		}
	}
	if end.Key != key || end.Points != uint64(len(points)) {
		return from, nil, end, false
	}
	if from = kept.ran; end.From != nil {
		from = *end.From
	}
	return from, points, end, true
}
