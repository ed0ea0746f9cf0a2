package results

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Damage is a batch that was skipped, and why: half written, or damaged since; or the first record of a batch
// that the board refused, as not of this sweep.
type Damage struct {
	Object string
	Err    error
}

// Load is a sweep's board made from its bucket: the configuration from sweep.json, the state from the records. The
// error wraps ErrNotExist when the bucket does not hold the sweep.
func Load(ctx context.Context, b Bucket, id string) (*Board, []Damage, error) {
	sweep, err := ReadSweep(ctx, b, id)
	if err != nil {
		return nil, nil, err
	}
	return LoadRecords(ctx, b, sweep.Config())
}

// LoadRecords is the board of all records that the bucket holds of cfg.Sweep. Batches that are cut short or
// damaged are skipped and reported, and so are records that the board refuses: what can be read is worth
// having. A batch of a newer version and a bucket that cannot be read are errors.
func LoadRecords(ctx context.Context, b Bucket, cfg Config) (*Board, []Damage, error) {
	board := NewBoard(cfg)
	var refused []Damage
	damage, err := eachBatch(ctx, b, cfg.Sweep, func(name string, r Record) error {
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
}

// EachRecord calls f with every record of a sweep, batch by batch in the order of their numbers, and stops at f's
// first error. It skips and reports damaged batches as LoadRecords does.
func EachRecord(ctx context.Context, b Bucket, sweep string, f func(Record) error) ([]Damage, error) {
	return eachBatch(ctx, b, sweep, func(_ string, r Record) error { return f(r) })
}

// eachBatch is EachRecord that says which batch a record is of.
func eachBatch(ctx context.Context, b Bucket, sweep string, f func(name string, r Record) error) ([]Damage, error) {
	names, err := batches(ctx, b, sweep)
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
				data, err := ReadObject(ctx, b, name, MaxBatch+MaxBatch/8)
				one <- fetched{name, data, err}
			}()
		}
	}()
	var damage []Damage
	u := NewUnpacker()
	for one := range queue {
		got := <-one
		if got.err != nil {
			return nil, fmt.Errorf("load sweep %s: %w", sweep, got.err)
		}
		switch err := u.Each(got.data, func(r Record) error { return f(got.name, r) }); {
		case errors.Is(err, ErrTruncated) || errors.Is(err, ErrCorrupt):
			damage = append(damage, Damage{got.name, err})
		case err != nil:
			return nil, fmt.Errorf("load %s: %w", got.name, err)
		}
	}
	return damage, ctx.Err()
}

// batches is the names of a sweep's batches in the order of their numbers.
func batches(ctx context.Context, b Bucket, sweep string) ([]string, error) {
	type numbered struct {
		n    uint64
		name string
	}
	var found []numbered
	for o, err := range b.List(ctx, RecordsPrefix(sweep)) {
		if err != nil {
			return nil, fmt.Errorf("list records of sweep %s: %w", sweep, err)
		}
		if n, ok := batchNumber(sweep, o.Name); ok {
			found = append(found, numbered{n, o.Name})
		}
	}
	slices.SortStableFunc(found, func(x, y numbered) int { return int(min(max(int64(x.n-y.n), -1), 1)) })
	names := make([]string, len(found))
	for i := range found {
		names[i] = found[i].name
	}
	return names, nil
}
