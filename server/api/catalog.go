package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
)

// catalogEvery is how old what is known of the results may be.
const catalogEvery = 2 * time.Second

// catalog is what the results say of all sweeps that lie in them, whoever ran them.
type catalog struct {
	bucket bucket.Bucket

	mu    sync.Mutex
	read  time.Time
	known map[string]stored
}

// stored is a sweep as the results have it.
type stored struct {
	store.Sweep
	summary *board.Summary // nil: it has not ended
}

func newCatalog(b bucket.Bucket) *catalog { return &catalog{bucket: b, known: map[string]stored{}} }

// all is every sweep by id, in a map of the caller's own. What has ended is read once.
func (c *catalog) all(ctx context.Context) (map[string]stored, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.read) < catalogEvery {
		return maps.Clone(c.known), nil
	}
	ids, err := store.Sweeps(ctx, c.bucket)
	if err != nil && len(ids) == 0 {
		return nil, err
	}
	next := make(map[string]stored, len(ids))
	for _, id := range ids {
		if s, ok := c.known[id]; ok && s.Finished != "" {
			next[id] = s
			continue
		}
		s, err := c.one(ctx, id)
		if err == nil {
			next[id] = s
		} else if errors.Is(err, bucket.ErrUnavailable) {
			return nil, err
		} // what is damaged is not listed; asked for by name, it says so
	}
	c.known, c.read = next, time.Now()
	return maps.Clone(next), nil
}

func (c *catalog) one(ctx context.Context, id string) (s stored, err error) {
	s.Sweep, err = store.ReadSweep(ctx, c.bucket, id)
	if errors.Is(err, bucket.ErrNotExist) {
		return s, fmt.Errorf("sweep %s: %w", id, scheduler.ErrUnknown)
	}
	if err != nil || s.Finished == "" {
		return s, err
	}
	if summary, err := store.ReadBoard(ctx, c.bucket, id); err == nil {
		s.summary = &summary
	}
	return s, nil
}

// get is one sweep, as it is in the results now.
func (c *catalog) get(ctx context.Context, id string) (stored, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.known[id]; ok && s.Finished != "" && time.Since(c.read) < catalogEvery {
		return s, nil
	}
	s, err := c.one(ctx, id)
	if err == nil {
		c.known[id] = s
	}
	return s, err
}

// forget has the next look be a new one: something has changed.
func (c *catalog) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, id)
	c.read = time.Time{}
}
