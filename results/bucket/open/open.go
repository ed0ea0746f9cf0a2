package open

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/results/bucket/s3"
)

// ErrAddress: the address is not one of a bucket, so there is nothing to reach.
var ErrAddress = errors.New("not an address of results")

// Bucket opens the bucket of an address: s3://bucket/prefix (see package s3), file:///folder, or the path of
// a folder, which it makes if need be. It asks S3 whether the bucket is there, without retrying; stats may be
// nil. What it returns retries patiently (bucket.PatientBackoff).
func Bucket(ctx context.Context, address string, stats *bucket.Metrics) (bucket.Bucket, error) {
	b, err := bare(ctx, address)
	if err != nil {
		return nil, err
	}
	return bucket.Retry(bucket.Metered(b, stats), bucket.PatientBackoff, stats), nil
}

func bare(ctx context.Context, address string) (bucket.Bucket, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	switch {
	case address == "":
		return nil, fmt.Errorf("open results: %w: it is empty; give a folder or s3://bucket/prefix", ErrAddress)
	case !ok:
		return dir.Open(address)
	case scheme == "s3":
		return s3.Open(ctx, address)
	case scheme == "file":
		u, err := url.Parse(address)
		if err != nil || u.Host != "" && u.Host != "localhost" || u.Path == "" {
			return nil, fmt.Errorf("open results %q: %w: want file:///folder", address, ErrAddress)
		}
		if strings.ContainsAny(address, "#?") { // the folder would be another one
			return nil, fmt.Errorf("open results %q: %w: write # as %%23 and ? as %%3F in it, or give the path "+
				"without file://", address, ErrAddress)
		}
		return dir.Open(u.Path)
	}
	return nil, fmt.Errorf("open results %q: %w: scheme %q is not known; give a folder or s3://%s", address, ErrAddress,
		scheme, rest)
}
