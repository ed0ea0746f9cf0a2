package server

import (
	"context"
	"fmt"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
)

// Freed is what a deletion gave back.
type Freed struct {
	Objects int   // of the results
	Bytes   int64 // of these
}

// DeleteResults removes all objects of a sweep from the results, sweep.json last: what is interrupted is still
// seen, and is deleted by another try.
func DeleteResults(ctx context.Context, b bucket.Bucket, id string) (freed Freed, err error) {
	last := results.ObjectName(id, results.SweepFile)
	known, _ := store.ReadSweep(ctx, b, id) // of one that cannot be read, what the index says of it is not believed
	var manifest bucket.Object
	drop := func(objects ...bucket.Object) error {
		n, bytes, err := store.Delete(ctx, b, objects)
		freed.Objects += n
		freed.Bytes += bytes
		if err != nil {
			return unreachable(fmt.Errorf("delete the results of %s: %w", id, err))
		}
		return nil
	}
	var all []bucket.Object
	for o, err := range b.List(ctx, results.ObjectName(id, "")) {
		switch {
		case err != nil:
			return freed, unreachable(fmt.Errorf("list the results of %s: %w", id, err))
		case o.Name == last:
			manifest = o
		default:
			all = append(all, o)
		}
	}
	if err := drop(all...); err != nil {
		return freed, err
	}
	if known.Work != "" {
		if err := drop(bucket.Object{Name: results.WorkName(known.Work, id)}); err != nil {
			return freed, err
		}
	}
	if manifest.Name == "" {
		return freed, nil
	}
	return freed, drop(manifest)
}
