package s3

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// Bucket is a bucket of S3, or what lies under a prefix there, as bucket.Bucket.
type Bucket struct {
	core   minio.Core
	bucket string
	prefix string // of all names, empty or ending in a slash
	where  string // the endpoint, for errors
}

var _ bucket.Bucket = (*Bucket)(nil)

// requestTries is how often minio-go tries one request. It is there for single parts of large uploads;
// patience with a store that is down belongs to bucket.Retry.
const requestTries = 3

// Open makes ready the bucket of an address s3://bucket/prefix and asks it for one name, so that a wrong
// address and wrong credentials show here: its errors wrap bucket.ErrDenied, ErrNoBucket or ErrUnavailable.
func Open(ctx context.Context, address string) (*Bucket, error) {
	b, err := connect(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for o := range b.core.Client.ListObjectsIter(ctx, b.bucket,
		minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true, MaxKeys: 1}) {
		if o.Err != nil {
			return nil, b.explain("open", "", o.Err)
		}
		break
	}
	return b, nil
}

// connect makes ready the bucket of an address without asking it anything.
func connect(address string) (*Bucket, error) {
	c, err := configure(address)
	if err != nil {
		return nil, err
	}
	transport, err := c.transport()
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", address, err)
	}
	lookup := minio.BucketLookupAuto
	if c.own {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.New(c.endpoint, &minio.Options{Creds: c.creds, Secure: c.secure, Region: c.region,
		Transport: transport, BucketLookup: lookup, MaxRetries: requestTries})
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", address, err)
	}
	client.SetAppInfo("kaon", "1")
	return &Bucket{minio.Core{Client: client}, c.bucket, c.prefix, c.url()}, nil
}

// check refuses bad names, in the words of op.
func check(op, name string) error {
	if err := bucket.CheckName(name); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// Get implements bucket.Bucket.
func (b *Bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := check("get", name); err != nil {
		return nil, err
	}
	body, _, _, err := b.core.GetObject(ctx, b.bucket, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, b.explain("get", name, err)
	}
	return &reader{b, name, body}, nil
}

// reader explains its errors.
type reader struct {
	bucket *Bucket
	name   string
	body   io.ReadCloser
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	if err != nil && err != io.EOF {
		err = r.bucket.explain("get", r.name, err)
	}
	return n, err
}

func (r *reader) Close() error { return r.body.Close() }

// Stat implements bucket.Bucket.
func (b *Bucket) Stat(ctx context.Context, name string) (bucket.Object, error) {
	if err := check("stat", name); err != nil {
		return bucket.Object{}, err
	}
	o, err := b.core.StatObject(ctx, b.bucket, b.prefix+name, minio.StatObjectOptions{})
	if err != nil {
		return bucket.Object{}, b.explain("stat", name, err)
	}
	return bucket.Object{Name: name, Size: o.Size, Modified: o.LastModified, ETag: o.ETag}, nil
}

// Delete implements bucket.Bucket.
func (b *Bucket) Delete(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := check("delete", name); err != nil {
			return err
		}
	}
	if len(names) != 1 {
		return b.deleteAll(ctx, names)
	}
	name := names[0]
	err := b.core.RemoveObject(ctx, b.bucket, b.prefix+name, minio.RemoveObjectOptions{})
	if code := minio.ToErrorResponse(err).Code; err != nil && code != minio.NoSuchKey {
		return b.explain("delete", name, err)
	}
	return nil
}

// deleteAll removes many objects, up to a thousand by a request, or one by one where the store has no such request.
func (b *Bucket) deleteAll(ctx context.Context, names []string) error {
	objects := make(chan minio.ObjectInfo, len(names))
	for _, name := range names {
		objects <- minio.ObjectInfo{Key: b.prefix + name}
	}
	close(objects)
	var first error
	// to its end, or its goroutine stays
	for failed := range b.core.RemoveObjects(ctx, b.bucket, objects, minio.RemoveObjectsOptions{}) {
		if first == nil && minio.ToErrorResponse(failed.Err).Code != minio.NoSuchKey {
			first = b.explain("delete", failed.ObjectName[min(len(b.prefix), len(failed.ObjectName)):], failed.Err)
		}
	}
	if first == nil && ctx.Err() != nil {
		first = fmt.Errorf("delete: %w", ctx.Err())
	}
	return first
}

// List implements bucket.Bucket. Keys that are no names, as the folders that consoles make, are left out.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return b.ListAfter(ctx, prefix, "")
}

// ListAfter implements bucket.Bucket.
func (b *Bucket) ListAfter(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		if _, ok := bucket.ListFolder(prefix); !ok {
			return
		}
		ctx, cancel := context.WithCancel(ctx) // the iterator fetches ahead until it ends
		defer cancel()
		options := minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true}
		if after != "" {
			options.StartAfter = b.prefix + after
		}
		for o := range b.core.ListObjectsIter(ctx, b.bucket, options) {
			if o.Err != nil {
				yield(bucket.Object{}, b.explain("list", prefix, o.Err))
				return
			}
			name := o.Key[min(len(b.prefix), len(o.Key)):]
			if bucket.CheckName(name) != nil || name <= after { // a store may not know where to start
				continue
			}
			if !yield(bucket.Object{Name: name, Size: o.Size, Modified: o.LastModified, ETag: o.ETag}, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(bucket.Object{}, fmt.Errorf("list %s: %w", prefix, err))
		}
	}
}

// Folders implements bucket.Bucket.
func (b *Bucket) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if _, ok := bucket.ListFolder(prefix); !ok {
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		options := minio.ListObjectsOptions{Prefix: b.prefix + prefix} // up to the next slash
		for o := range b.core.ListObjectsIter(ctx, b.bucket, options) {
			if o.Err != nil {
				yield("", b.explain("list", prefix, o.Err))
				return
			}
			folder, is := strings.CutSuffix(o.Key[min(len(b.prefix), len(o.Key)):], "/")
			// an object, or the folder itself that a console made
			if !is || len(folder) < len(prefix) || bucket.CheckName(folder) != nil {
				continue
			}
			if !yield(folder, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield("", fmt.Errorf("list %s: %w", prefix, err))
		}
	}
}
