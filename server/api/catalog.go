package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server"
)

// catalogEvery is how old what is known of the results may be.
const catalogEvery = 2 * time.Second

// catalog is what the results say of all sweeps that lie in them, whoever ran them. Of those of its server it is what
// that has written, which costs no look into the bucket.
type catalog struct {
	bucket bucket.Bucket
	server *server.Server // nil: there is none
	every  time.Duration

	// is told what is damaged of a sweep, or denied, whenever it is read; nil: nobody
	damaged func(id string, err error)

	reading sync.Mutex // held while all are read again

	mu      sync.Mutex
	known   map[string]*stored // neither it nor what it holds changes: it is replaced
	read    time.Time          // when its reading began; zero: it is to be read again before anybody is answered
	again   map[string]uint64  // what is to be read again likewise, by the forgets that there were
	forgets uint64
	anew    uint64 // the last of them that was about all
}

// stored is a sweep as the results have it.
type stored struct {
	store.Sweep
	summary *board.Summary // nil: it has not ended
	written *store.Sweep   // by the server; nil: it was read
}

// created is when the sweep began; zero: its results do not say.
func (s *stored) created() time.Time {
	at, _ := time.Parse(time.RFC3339Nano, s.Created)
	return at
}

func newCatalog(b bucket.Bucket, s *server.Server) *catalog {
	return &catalog{bucket: b, server: s, every: catalogEvery, known: map[string]*stored{}, again: map[string]uint64{}}
}

// all is every sweep by id, in a map of the caller's own; what it holds must not be changed.
func (c *catalog) all(ctx context.Context) (map[string]*stored, error) {
	if c.age() >= c.every {
		if err := c.readAll(ctx); err != nil {
			return nil, err
		}
	}
	if err := c.readChanged(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.known), nil
}

// sweeps is what sweep.json says of all.
func (c *catalog) sweeps(ctx context.Context) (map[string]*store.Sweep, error) {
	known, err := c.all(ctx)
	out := make(map[string]*store.Sweep, len(known))
	for id, s := range known {
		out[id] = &s.Sweep
	}
	return out, err
}

func (c *catalog) age() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.read)
}

// readAll reads all that may have changed. While one caller does, what the others know may be twice as old.
func (c *catalog) readAll(ctx context.Context) error {
	if !c.reading.TryLock() {
		if c.age() < 2*c.every {
			return nil
		}
		c.reading.Lock()
	}
	defer c.reading.Unlock()
	c.mu.Lock()
	began, known, forgets := time.Now(), c.known, c.forgets
	current := began.Sub(c.read) < c.every
	c.mu.Unlock()
	if current { // by who held the lock before
		return nil
	}
	ids, err := store.Sweeps(ctx, c.bucket)
	if err != nil {
		return err
	}
	next, denied := make(map[string]*stored, len(ids)), map[string]error{}
	for _, id := range ids {
		s := known[id]
		if s == nil || s.Finished == "" && (s.written == nil || c.written(id) == nil) {
			one, err := c.one(ctx, id, s)
			if ctx.Err() == nil && errors.Is(err, bucket.ErrDenied) {
				denied[id] = err
				continue
			}
			if bucket.Unreadable(ctx, err) {
				c.learn(next, known)
				return err
			}
			if err != nil { // what is damaged is not listed; asked for by name, it says so
				continue
			}
			s = &one
		}
		next[id] = s
	}
	if err := c.leaveOut(ctx, denied, next); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, s := range c.known { // what others have read meanwhile is newer
		if known[id] != s {
			next[id] = s
		}
	}
	for id := range known {
		if c.known[id] == nil {
			delete(next, id)
		}
	}
	c.known = next
	if c.anew <= forgets {
		c.read = began
	}
	return nil
}

// learn keeps what was read before reading was given up, so that the next caller goes on from there: one that waits for
// less than all takes would have it begun anew each time.
func (c *catalog) learn(read, known map[string]*stored) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := maps.Clone(c.known)
	for id, s := range read {
		if now[id] == known[id] && s.Finished != "" { // nobody has read or removed it meanwhile
			now[id] = s
		}
	}
	c.known = now
}

// leaveOut has lists go on without the sweeps that the results deny, if they do not deny all: it reads another, and
// tells of those that are left out. Its error says that the results cannot be read now.
func (c *catalog) leaveOut(ctx context.Context, denied map[string]error, others map[string]*stored) error {
	if len(denied) == 0 {
		return nil
	}
	var first error
	for _, first = range denied {
		break
	}
	if err := store.DeniesAll(ctx, c.bucket, first, maps.Keys(others)); err != nil {
		return err
	}
	for id, err := range denied {
		c.tell(id, err)
	}
	return nil
}

// readChanged reads what was forgotten, and takes over what the server has written since.
func (c *catalog) readChanged(ctx context.Context) error {
	c.mu.Lock()
	known, again := c.known, maps.Clone(c.again)
	c.mu.Unlock()
	changed := maps.Clone(again)
	if c.server != nil {
		for _, sw := range c.server.Sweeps() {
			written := sw.Manifest()
			if s := known[sw.ID()]; written != nil && (s == nil || s.written != written) {
				changed[sw.ID()] = 0
			}
		}
	}
	if len(changed) == 0 {
		return nil
	}
	fresh, denied, others := make(map[string]*stored, len(changed)), map[string]error{}, maps.Clone(known)
	for id := range changed {
		s, err := c.one(ctx, id, known[id])
		switch {
		case ctx.Err() == nil && errors.Is(err, bucket.ErrDenied):
			fresh[id], denied[id] = nil, err
			delete(others, id)
		case err == nil:
			fresh[id] = &s
		case bucket.Unreadable(ctx, err):
			return err
		default:
			fresh[id] = nil
		}
	}
	if err := c.leaveOut(ctx, denied, others); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(fresh)
	for id, forget := range again {
		if c.again[id] == forget { // not since
			delete(c.again, id)
		}
	}
	return nil
}

// put replaces what is known of some; nil: it is no more. With mu held.
func (c *catalog) put(fresh map[string]*stored) {
	known := maps.Clone(c.known)
	for id, s := range fresh {
		if s == nil {
			delete(known, id)
		} else {
			known[id] = s
		}
	}
	c.known = known
}

// written is what the server has written last of a sweep of its own; nil: nothing.
func (c *catalog) written(id string) *store.Sweep {
	if c.server == nil {
		return nil
	}
	if sw, here := c.server.Sweep(id); here {
		return sw.Manifest()
	}
	return nil
}

// one is a sweep as it is now. Its board is read when it has ended at another time than was known before.
func (c *catalog) one(ctx context.Context, id string, before *stored) (s stored, err error) {
	if s.written = c.written(id); s.written != nil {
		s.Sweep = *s.written
	} else {
		s.Sweep, err = store.ReadSweep(ctx, c.bucket, id)
	}
	if errors.Is(err, bucket.ErrNotExist) {
		return s, fmt.Errorf("sweep %s: %w", id, scheduler.ErrUnknown)
	}
	if err != nil || s.Finished == "" {
		if !errors.Is(err, bucket.ErrDenied) { // perhaps of all
			c.tell(id, err)
		}
		return s, err
	}
	if before != nil && before.Finished == s.Finished && before.summary != nil {
		s.summary = before.summary
	} else if summary, err := store.ReadBoard(ctx, c.bucket, id); err == nil {
		s.summary = &summary
	} else if bucket.Unreadable(ctx, err) { // else it would have none for good
		return s, err
	} else {
		c.tell(id, err) // what it sums up is not shown
	}
	return s, nil
}

func (c *catalog) tell(id string, err error) {
	if c.damaged != nil && (errors.Is(err, store.ErrDamaged) || errors.Is(err, bucket.ErrDenied)) {
		c.damaged(id, err)
	}
}

// get is one sweep, as it is in the results now.
func (c *catalog) get(ctx context.Context, id string) (stored, error) {
	written := c.written(id)
	c.mu.Lock()
	known := c.known[id]
	_, forgotten := c.again[id]
	fresh := !forgotten && time.Since(c.read) < c.every
	c.mu.Unlock()
	if known != nil && (written != nil && known.written == written || written == nil && known.Finished != "" && fresh) {
		return *known, nil
	}
	s, err := c.one(ctx, id, known)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.put(map[string]*stored{id: &s})
	}
	return s, err
}

// forget has the next look at a sweep be a new one: something has changed. With an empty id that is so of all.
func (c *catalog) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	if id == "" {
		c.read, c.anew = time.Time{}, c.forgets
		return
	}
	c.again[id] = c.forgets
}

// remedy is what helps where something of a sweep is damaged or denied.
func remedy(id string, err error) string {
	if errors.Is(err, bucket.ErrDenied) {
		return "have the credentials of the bucket read all that lies below sweeps/" + id
	}
	return mend(id)
}

// logDamage has the log tell once what is damaged of each sweep.
func logDamage(log *slog.Logger) func(id string, err error) {
	var mu sync.Mutex
	told := map[string]string{}
	return func(id string, err error) {
		mu.Lock()
		before := told[id]
		told[id] = err.Error()
		mu.Unlock()
		if before != err.Error() {
			log.Warn("results of a sweep cannot be read", "sweep", id, "err", err, "remedy", remedy(id, err))
		}
	}
}
