package buckettest

import (
	"context"
	"io"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// Denying is a bucket that lists what it lets nobody read, as of credentials that have just ended.
type Denying struct {
	bucket.Bucket
	Object string // the name of one that Get refuses
	All    bool   // Get refuses every object
}

// Get implements bucket.Bucket.
func (d *Denying) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if d.All || name == d.Object {
		return nil, bucket.ErrDenied
	}
	return d.Bucket.Get(ctx, name)
}
