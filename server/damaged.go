package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
)

// damagedState says what of the state of a sweep that has ended is damaged, and what to do.
func damagedState(id string, err error) error {
	return unreachable(fmt.Errorf("%w; nothing was changed: %s has ended, its results stay, and it goes on no more "+
		"before that is mended and the server started anew; to have it go: kaon rm %s", err, id, id))
}

// deniesAll is why nothing of the results can be read now, where that of one sweep could not; nil: it is about that
// sweep alone.
func deniesAll(ctx context.Context, b bucket.Bucket, id string, err error) error {
	if !bucket.Unreadable(ctx, err) {
		return nil
	}
	if ctx.Err() != nil || errors.Is(err, bucket.ErrUnavailable) {
		return err
	}
	ids, listed := store.Sweeps(ctx, b)
	if listed != nil {
		return listed
	}
	return store.DeniesAll(ctx, b, err, func(yield func(string) bool) {
		for _, other := range ids {
			if other != id && !yield(other) {
				return
			}
		}
	})
}
