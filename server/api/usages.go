package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/sweep"
)

// usages is what sweeps used, by their records. Those of a sweep that has ended are read once, if they are all there.
type usages struct {
	bucket  bucket.Bucket
	catalog *catalog
	folder  func(id string) string // of a sweep's state, which need not be there

	mu   sync.Mutex
	read map[string]*sweepUsage
}

// sweepUsage is what one sweep used. It is not changed once it is made.
type sweepUsage struct {
	finished string    // sweep.json's when it was read
	until    time.Time // when it is to be read again, unless it is final
	parts    []usagePart
	gap      string // why it is not all; empty: it is
}

// final reports whether nothing that a later look finds can change it: what is denied or damaged may be mended.
func (s *sweepUsage) final() bool { return s.finished != "" && s.gap == "" }

func newUsages(b bucket.Bucket, known *catalog, folder func(id string) string) *usages {
	return &usages{bucket: b, catalog: known, folder: folder, read: map[string]*sweepUsage{}}
}

// StoredUsage is what sweeps of some results used since the day of a time, the zero time for all, by sweep, queue, user or
// day. No server is asked; folder is that of a sweep's state, which need not be there.
func StoredUsage(ctx context.Context, b bucket.Bucket, by string, since time.Time, folder func(id string) string) (Usage, error) {
	return newUsages(b, newCatalog(b, nil), folder).all(ctx, by, since)
}

func (u *usages) all(ctx context.Context, by string, since time.Time) (Usage, error) {
	known, err := u.catalog.all(ctx)
	if err != nil {
		return Usage{}, err
	}
	u.forget(known)
	sum := usageSum{by: by, rows: map[string]*UsageAmounts{}}
	if !since.IsZero() {
		sum.first = max(since.UnixMilli(), 0) / dayMillis
	}
	first := time.UnixMilli(sum.first * dayMillis)
	for id, s := range known {
		if ended, err := time.Parse(time.RFC3339Nano, s.Finished); err == nil && ended.Before(first) {
			continue
		}
		used, err := u.one(ctx, s)
		if err != nil {
			return Usage{}, fmt.Errorf("read what sweep %s used: %w", id, err)
		}
		sum.sweep(id, owner(s.Sweep), used.parts, used.gap)
	}
	return sum.usage(since), nil
}

// forget gives up what is known of sweeps that are gone.
func (u *usages) forget(known map[string]*stored) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id := range u.read {
		if _, there := known[id]; !there {
			delete(u.read, id)
		}
	}
}

// one is what a sweep used, read when it is not known. What takes long to read and is not final is not read at every request.
func (u *usages) one(ctx context.Context, s *stored) (*sweepUsage, error) {
	began := time.Now()
	u.mu.Lock()
	used := u.read[s.ID]
	u.mu.Unlock()
	if used != nil && used.finished == s.Finished && (used.final() || began.Before(used.until)) {
		return used, nil
	}
	used, err := u.load(ctx, s.Sweep)
	if err != nil {
		return nil, err
	}
	const share = 10 // of the time
	used.until = time.Now().Add(share * time.Since(began))
	u.mu.Lock()
	defer u.mu.Unlock()
	u.read[s.ID] = used
	return used, nil
}

func (u *usages) load(ctx context.Context, known store.Sweep) (*sweepUsage, error) {
	d, wrong := demandsOf(known, func(then store.Sweep) (*sweep.Spec, error) {
		text, err := bucket.ReadObject(ctx, u.bucket, results.ObjectName(known.ID, results.SpecFile), largestSpec)
		if err != nil {
			return nil, err
		}
		return manifest.SubmittedSpec(then, text, u.folder(known.ID), false)
	})
	if errors.Is(wrong, bucket.ErrUnavailable) || ctx.Err() != nil {
		return nil, errors.Join(wrong, ctx.Err())
	}
	tally := usageTally{demands: d}
	damage, err := store.EachRecord(ctx, u.bucket, known.ID, func(r results.Record) error {
		tally.add(r)
		return nil
	})
	used := &sweepUsage{finished: known.Finished}
	switch {
	case errors.Is(err, bucket.ErrUnavailable) || ctx.Err() != nil:
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
