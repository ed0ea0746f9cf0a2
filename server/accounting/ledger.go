package accounting

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/sweep"
)

// Config is where what sweeps used is read.
type Config struct {
	Bucket bucket.Bucket
	// what the results say of all, by their ids; it is not changed
	Sweeps func(context.Context) (map[string]*store.Sweep, error)
	Folder func(id string) string // of a sweep's state, which need not be there
}

// largestSpec bounds what is read of a spec, in bytes: a submission has no larger one.
const largestSpec = 1 << 20

// Ledger is what sweeps used, by their records. Those of a sweep that has ended are read once, if they are all there.
type Ledger struct {
	cfg Config

	mu   sync.Mutex
	read map[string]*sweepUse
}

// sweepUse is what one sweep used. It is not changed once it is made.
type sweepUse struct {
	finished string    // sweep.json's when it was read
	until    time.Time // when it is to be read again, unless it is final
	parts    []part
	gap      string // why it is not all; empty: it is
}

// final reports whether nothing that a later look finds can change it: what is denied or damaged may be mended.
func (s *sweepUse) final() bool { return s.finished != "" && s.gap == "" }

// New is a ledger that has read nothing yet.
func New(cfg Config) *Ledger { return &Ledger{cfg: cfg, read: map[string]*sweepUse{}} }

// Stored is what sweeps of some results used, as All of a ledger says it. No server is asked; folder is that of a
// sweep's state, which need not be there.
func Stored(
	ctx context.Context, b bucket.Bucket, by string, since time.Time, folder func(id string) string,
) (Usage, error) {
	return New(Config{Bucket: b, Folder: folder, Sweeps: func(ctx context.Context) (map[string]*store.Sweep, error) {
		return stored(ctx, b)
	}}).
		All(ctx, by, since)
}

// stored is what the results say of all sweeps but those that are damaged.
func stored(ctx context.Context, b bucket.Bucket) (map[string]*store.Sweep, error) {
	ids, err := store.Sweeps(ctx, b)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*store.Sweep, len(ids))
	for _, id := range ids {
		known, err := store.ReadSweep(ctx, b, id)
		if bucket.Unreadable(ctx, err) {
			return nil, err
		}
		if err == nil {
			all[id] = &known
		}
	}
	return all, nil
}

// All is what sweeps used since the day of a time, the zero time for all, by sweep, queue, user or day.
func (l *Ledger) All(ctx context.Context, by string, since time.Time) (Usage, error) {
	known, err := l.cfg.Sweeps(ctx)
	if err != nil {
		return Usage{}, err
	}
	l.forget(known)
	sum := sum{by: by, rows: map[string]*UsageAmounts{}}
	if !since.IsZero() {
		sum.first = max(since.UnixMilli(), 0) / dayMillis
	}
	first := time.UnixMilli(sum.first * dayMillis)
	for id, s := range known {
		if ended, err := time.Parse(time.RFC3339Nano, s.Finished); err == nil && ended.Before(first) {
			continue
		}
		used, err := l.one(ctx, s)
		if ctx.Err() == nil && errors.Is(err, bucket.ErrDenied) { // perhaps of it alone; nothing is kept of that
			used = &sweepUse{gap: err.Error()}
			others := maps.Clone(known)
			delete(others, id)
			err = store.DeniesAll(ctx, l.cfg.Bucket, err, maps.Keys(others))
		}
		if err != nil {
			return Usage{}, fmt.Errorf("read what sweep %s used: %w", id, err)
		}
		sum.sweep(id, s.Submitter(), used.parts, used.gap)
	}
	return sum.usage(since), nil
}

// forget gives up what is known of sweeps that are gone.
func (l *Ledger) forget(known map[string]*store.Sweep) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.read {
		if _, there := known[id]; !there {
			delete(l.read, id)
		}
	}
}

// one is what a sweep used, read when it is not known. What takes long to read and is not final is not read at every
// request.
func (l *Ledger) one(ctx context.Context, s *store.Sweep) (*sweepUse, error) {
	began := time.Now()
	l.mu.Lock()
	used := l.read[s.ID]
	l.mu.Unlock()
	if used != nil && used.finished == s.Finished && (used.final() || began.Before(used.until)) {
		return used, nil
	}
	used, err := l.load(ctx, *s)
	if err != nil {
		return nil, err
	}
	const share = 10 // of the time
	used.until = time.Now().Add(share * time.Since(began))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read[s.ID] = used
	return used, nil
}

func (l *Ledger) load(ctx context.Context, known store.Sweep) (*sweepUse, error) {
	d, wrong := demandsOf(known, func(then store.Sweep) (*sweep.Spec, error) {
		text, err := bucket.ReadObject(ctx, l.cfg.Bucket, results.ObjectName(known.ID, results.SpecFile), largestSpec)
		if err != nil {
			return nil, err
		}
		return manifest.SubmittedSpec(then, text, l.cfg.Folder(known.ID), false)
	})
	if ctx.Err() != nil || bucket.Unreadable(ctx, wrong) {
		return nil, errors.Join(wrong, ctx.Err())
	}
	tally := tally{demands: d}
	damage, err := store.EachRecord(ctx, l.cfg.Bucket, known.ID, func(r results.Record) error {
		tally.add(r)
		return nil
	})
	used := &sweepUse{finished: known.Finished}
	switch {
	case ctx.Err() != nil || bucket.Unreadable(ctx, err):
		return nil, errors.Join(err, ctx.Err())
	case err != nil:
		used.gap = err.Error()
	case wrong != nil:
		used.gap = wrong.Error()
	case len(damage) > 0:
		used.gap = fmt.Sprintf("%s: %v", damage[0].Object, damage[0].Err)
	}
	used.parts = tally.parts()
	return used, nil
}
