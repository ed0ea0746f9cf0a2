package results

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Artifact is a file that an attempt left in the bucket, below its ArtifactsPrefix.
type Artifact struct {
	Name   string `codec:"name" json:"name"` // relative to the attempt's folder of artifacts, with slashes
	Size   int64  `codec:"size" json:"size"` // bytes
	SHA256 string `codec:"sha256" json:"sha256"`
}

// LogsPrefix begins the names of an attempt's logs: stdout.zst and stderr.zst, under zstd.
func LogsPrefix(sweep string, trial, attempt int) string {
	return ObjectName(sweep, fmt.Sprintf("logs/%s/%d/", trialName(trial), attempt))
}

// trialName is a trial's index as names have it; the step that follows the trials has a word.
func trialName(trial int) string {
	if trial == Then {
		return "then"
	}
	return fmt.Sprint(trial)
}

// Prune removes the artifacts of a sweep, but for the attempts that keep names, and gives the number of files and
// bytes that went. Files whose names are no artifacts' are left alone.
func Prune(ctx context.Context, b Bucket, sweep string, keep func(trial, attempt int) bool) (files int, bytes int64, err error) {
	prefix := ObjectName(sweep, "artifacts/")
	var gone []Object
	for o, err := range b.List(ctx, prefix) {
		if err != nil {
			return files, bytes, fmt.Errorf("list artifacts of %s: %w", sweep, err)
		}
		var trial, attempt int
		if n, err := fmt.Sscanf(strings.TrimPrefix(o.Name, prefix), "%d/%d/", &trial, &attempt); n == 2 && err == nil && !keep(trial, attempt) {
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

// Signed is a request that a bucket has signed: who has it may make it, with just these headers, until it expires.
type Signed struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
}

// Signer is a bucket that lets others put and get objects without its credentials. Requests are signed for one
// object, one length and one content, and for a short time. Large objects go in parts, which become an object when
// they are joined.
type Signer interface {
	// SignPut signs the PUT of an object of size bytes whose MD5, in base64, is sum.
	SignPut(ctx context.Context, name string, size int64, sum string, valid time.Duration) (Signed, error)
	// SignGet signs the GET of an object.
	SignGet(ctx context.Context, name string, valid time.Duration) (Signed, error)
	// Begin starts an object in parts.
	Begin(ctx context.Context, name string) (upload string, err error)
	// SignPart signs the PUT of a part, numbered from 1.
	SignPart(ctx context.Context, name, upload string, part int, size int64, sum string, valid time.Duration) (Signed, error)
	// Join makes the object of its parts, by their ETags in order. The error wraps ErrNotExist when the upload is not
	// known; of one that was joined before, stores know for a while.
	Join(ctx context.Context, name, upload string, etags []string) error
	// Abandon gives up all objects in parts whose names begin with prefix and that were not joined.
	Abandon(ctx context.Context, prefix string) error
}

// SignerOf finds the signer in a bucket, below what decorates it; not ok when objects must pass through this process.
func SignerOf(b Bucket) (Signer, bool) {
	for {
		if s, ok := b.(Signer); ok {
			return s, true
		}
		w, ok := b.(interface{ Unwrap() Bucket })
		if !ok {
			return nil, false
		}
		b = w.Unwrap()
	}
}

// Unwrap is the bucket beneath.
func (r *retry) Unwrap() Bucket { return r.bucket }

// Unwrap is the bucket beneath.
func (b *measured) Unwrap() Bucket { return b.bucket }
