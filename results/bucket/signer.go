package bucket

import (
	"context"
	"time"
)

// Signed is a request that a bucket has signed: who has it may make it, with just these headers, until it
// expires.
type Signed struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
}

// Signer is a bucket that lets others put and get objects without its credentials. Requests are signed for
// one object, one length and one content, and for a short time. Large objects go in parts, which become an
// object when they are joined.
type Signer interface {
	// SignPut signs the PUT of an object of size bytes whose MD5, in base64, is sum.
	SignPut(ctx context.Context, name string, size int64, sum string, valid time.Duration) (Signed, error)
	// SignGet signs the GET of an object.
	SignGet(ctx context.Context, name string, valid time.Duration) (Signed, error)
	// StartMultipart starts an object in parts.
	StartMultipart(ctx context.Context, name string) (upload string, err error)
	// SignPart signs the PUT of a part, numbered from 1.
	SignPart(ctx context.Context, name, upload string, part int, size int64, sum string,
		valid time.Duration) (Signed, error)
	// CompleteMultipart makes the object of its parts, by their ETags in order. The error wraps ErrNotExist
	// when the upload is not known; of one that was joined before, stores know for a while.
	CompleteMultipart(ctx context.Context, name, upload string, etags []string) error
	// AbortMultipart gives up all objects in parts whose names begin with prefix and that were not joined.
	AbortMultipart(ctx context.Context, prefix string) error
}

// SignerOf finds the signer in a bucket, below what decorates it; not ok when objects must pass through this
// process.
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
func (b *metered) Unwrap() Bucket { return b.bucket }
