package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/open"
)

// openBucket opens the place of results; its errors have their exit code.
func openBucket(ctx context.Context, address string, stats *bucket.Metrics) (bucket.Bucket, error) {
	bucket, err := open.Bucket(ctx, address, stats)
	if errors.Is(err, open.ErrAddress) {
		return nil, usage(err)
	}
	if err != nil {
		return nil, unreachable(err)
	}
	return bucket, nil
}

// placeOf is where the results of a sweep lie, for people.
func placeOf(address, id string) string {
	if strings.Contains(address, "://") {
		return strings.TrimRight(address, "/") + "/sweeps/" + id
	}
	return filepath.Join(address, "sweeps", id)
}

// folderOf is the absolute path of results in a folder.
func folderOf(place string) string {
	if strings.Contains(place, "://") {
		return ""
	}
	folder, err := filepath.Abs(place)
	if err != nil {
		return ""
	}
	return folder
}

// resultsAt refuses a folder that is not there: who opens one to write makes it.
func resultsAt(place string) error {
	if strings.Contains(place, "://") {
		return nil
	}
	if _, err := os.Stat(place); err != nil {
		return usage(fmt.Errorf("read results: %w; run a sweep first, or say with --results where they are", err))
	}
	return nil
}
