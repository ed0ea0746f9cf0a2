package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
)

// Damage is an object of a sweep that was skipped, and why: a batch that is half written, damaged since, or gone, or
// larger than any, or that the disk cannot read; the first record of a batch that the board refused, as not of this
// sweep; or board.json, when it knows of more than the records tell.
type Damage struct {
	Object string
	Err    error
}

// ErrMissing: a batch was there, and is not any more.
var ErrMissing = errors.New("it is not there, and was: batches are numbered without gaps")

// Load is a sweep's board made from its bucket: the configuration from sweep.json, the state from the
// records. The error wraps ErrNotExist when the bucket does not hold the sweep.
func Load(ctx context.Context, b bucket.Bucket, id string) (*board.Board, []Damage, error) {
	sweep, err := ReadSweep(ctx, b, id)
	if err != nil {
		return nil, nil, err
	}
	return LoadSweep(ctx, b, sweep)
}

// LoadSweep is the board of a sweep whose sweep.json was read. Of a sweep that has ended it tells whether
// records are missing that board.json counted.
func LoadSweep(ctx context.Context, b bucket.Bucket, sweep Sweep) (*board.Board, []Damage, error) {
	board, damage, err := LoadRecords(ctx, b, sweep.Config())
	if err != nil || sweep.Finished == "" {
		return board, damage, err
	}
	name := results.ObjectName(sweep.ID, results.BoardFile)
	switch s, err := ReadBoard(ctx, b, sweep.ID); {
	case errors.Is(err, bucket.ErrNotExist) || errors.Is(err, bucket.ErrUnavailable) || ctx.Err() != nil:
		// none was written, or it cannot be read now: the records are what counts
	case err != nil:
		damage = append(damage, Damage{name, err})
	default:
		attempts, points := board.Totals()
		if s.Attempts > attempts || s.Points > points {
			damage = append(damage,
				Damage{name, fmt.Errorf("records are missing: it counts %d attempts and %d points, "+
					"and there are %d and %d", s.Attempts, s.Points, attempts, points)})
		}
	}
	return board, damage, nil
}

// LoadRecords is the board of all records that the bucket holds of cfg.Sweep. Batches that are cut short or
// damaged are skipped and reported, and so are records that the board refuses: what can be read is worth
// having. A batch of a newer version and a bucket that cannot be read are errors.
func LoadRecords(ctx context.Context, b bucket.Bucket, cfg board.Config) (*board.Board, []Damage, error) {
	board := board.New(cfg)
	var refused []Damage
	damage, err := eachBatch(ctx, b, cfg.Sweep, func(name string, r results.Record) error {
		err := board.Fold(r)
		if err != nil && (len(refused) == 0 || refused[len(refused)-1].Object != name) {
			refused = append(refused, Damage{name, err})
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return board, append(damage, refused...), nil
}

// fetchAhead is how many batches are fetched at once: enough to hide S3's latency, and at most 50 MB.
const fetchAhead = 4

type fetched struct {
	name string
	data []byte
	err  error

	panicked any // what fetching it panicked with
}

// EachRecord calls f with every record of a sweep, batch by batch in the order of their numbers, and stops at
// f's first error. It skips and reports damaged batches as LoadRecords does.
func EachRecord(ctx context.Context, b bucket.Bucket, sweep string, f func(results.Record) error) ([]Damage, error) {
	return eachBatch(ctx, b, sweep, func(_ string, r results.Record) error { return f(r) })
}

// eachBatch is EachRecord that says which batch a record is of.
func eachBatch(
	ctx context.Context, b bucket.Bucket, sweep string, f func(name string, r results.Record) error,
) ([]Damage, error) {
	names, damage, err := batches(ctx, b, sweep)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := make(chan chan fetched, fetchAhead) // full: fetching waits for folding
	go func() {                                  // ends with names or ctx
		defer close(queue)
		for _, name := range names {
			one := make(chan fetched, 1)
			select {
			case queue <- one:
			case <-ctx.Done():
				return
			}
			go func() {
				var got fetched
				defer func() {
					got.panicked = recover()
					one <- got
				}()
				data, err := bucket.ReadObject(ctx, b, name, MaxBatch+MaxBatch/8)
				got = fetched{name: name, data: data, err: err}
			}()
		}
	}()
	u := NewUnpacker()
	for one := range queue {
		got := <-one
		if got.panicked != nil {
			panic(got.panicked) // where the caller can answer it
		}
		switch {
		case errors.Is(got.err, bucket.ErrTooLarge): // no batch is
			damage = append(damage, Damage{got.name, fmt.Errorf("%w: %w", ErrCorrupt, got.err)})
			continue
		case errors.Is(got.err, syscall.EIO): // the disk has lost it
			damage = append(damage, Damage{got.name, got.err})
			continue
		case got.err != nil:
			return nil, fmt.Errorf("load sweep %s: %w", sweep, got.err)
		}
		switch err := u.Each(got.data, func(r results.Record) error { return f(got.name, r) }); {
		case errors.Is(err, ErrTruncated) || errors.Is(err, ErrCorrupt):
			damage = append(damage, Damage{got.name, err})
		case err != nil:
			return nil, fmt.Errorf("load %s: %w", got.name, err)
		}
	}
	return damage, ctx.Err()
}

// batches is the names of a sweep's batches in the order of their numbers, and what is missing among them.
func batches(ctx context.Context, b bucket.Bucket, sweep string) (names []string, missing []Damage, err error) {
	type numbered struct {
		n    uint64
		name string
	}
	var found []numbered
	for o, err := range b.List(ctx, results.RecordsPrefix(sweep)) {
		if err != nil {
			return nil, nil, fmt.Errorf("list records of sweep %s: %w", sweep, err)
		}
		if n, ok := results.BatchNumber(sweep, o.Name); ok {
			found = append(found, numbered{n, o.Name})
		}
	}
	slices.SortStableFunc(found, func(x, y numbered) int { return int(min(max(int64(x.n-y.n), -1), 1)) })
	next := uint64(0)
	for _, f := range found {
		if f.n > next {
			missing = append(missing, gap(sweep, next, f.n))
		}
		next = f.n + 1
		names = append(names, f.name)
	}
	return names, missing, nil
}

// gap tells of the batches from a number to before another.
func gap(sweep string, from, to uint64) Damage {
	d := Damage{results.BatchName(sweep, from, ""), ErrMissing}
	if to-from > 1 {
		d.Err = fmt.Errorf("%w (and so are those up to %d)", ErrMissing, to-1)
	}
	return d
}
