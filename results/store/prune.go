package store

import (
	"context"
	"fmt"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
)

// Prune removes the artifacts of a sweep, but for the attempts that keep names, and gives the number of files
// and bytes that went. Files whose names are no artifacts' are left alone.
func Prune(ctx context.Context, b bucket.Bucket, sweep string, keep func(trial, attempt int) bool) (files int, bytes int64, err error) {
	var gone []bucket.Object
	for o, err := range b.List(ctx, results.AllArtifactsPrefix(sweep)) {
		if err != nil {
			return files, bytes, fmt.Errorf("list artifacts of %s: %w", sweep, err)
		}
		if trial, attempt, ok := results.ArtifactAttempt(sweep, o.Name); ok && !keep(trial, attempt) {
			gone = append(gone, o)
		}
	}
	for _, o := range gone {
		if err := b.Delete(ctx, o.Name); err != nil {
			return files, bytes, fmt.Errorf("remove artifact: %w", err)
		}
		files++
		bytes += o.Size
	}
	return files, bytes, nil
}
