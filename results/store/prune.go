package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
)

// Prune removes the artifacts of a sweep, but for the attempts that keep names, and gives the number of files and bytes
// that went. What says of these attempts that all of theirs arrived goes first, and is not counted. Files whose names
// are no artifacts' are left alone.
func Prune(
	ctx context.Context, b bucket.Bucket, sweep string, keep func(trial, attempt int) bool,
) (files int, bytes int64, err error) {
	var gone, whole []bucket.Object
	for o, err := range b.List(ctx, results.AllArtifactsPrefix(sweep)) {
		if err != nil {
			return files, bytes, fmt.Errorf("list artifacts of %s: %w", sweep, err)
		}
		if trial, attempt, ok := results.ArtifactAttempt(sweep, o.Name); ok && !keep(trial, attempt) {
			gone = append(gone, o)
		}
		if trial, attempt, ok := results.WholeAttempt(sweep, o.Name); ok && !keep(trial, attempt) {
			whole = append(whole, o)
		}
	}
	if _, _, err = Delete(ctx, b, whole); err == nil {
		files, bytes, err = Delete(ctx, b, gone)
	}
	if err != nil {
		err = fmt.Errorf("remove artifacts: %w", err)
	}
	return files, bytes, err
}

// deletedAtOnce is how many objects a call to a bucket removes: what S3 takes by a request.
const deletedAtOnce = 1000

// Delete removes objects, and gives the number of those that surely went, and their bytes.
func Delete(ctx context.Context, b bucket.Bucket, objects []bucket.Object) (n int, bytes int64, err error) {
	for some := range slices.Chunk(objects, deletedAtOnce) {
		names := make([]string, len(some))
		for i, o := range some {
			names[i] = o.Name
		}
		if err := b.Delete(ctx, names...); err != nil {
			return n, bytes, err
		}
		n += len(some)
		for _, o := range some {
			bytes += o.Size
		}
	}
	return n, bytes, nil
}
