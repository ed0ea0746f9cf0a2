package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/kaon-sweep/kaon/results/bucket"
)

var _ bucket.Signer = (*Bucket)(nil)

// SignPut implements bucket.Signer.
func (b *Bucket) SignPut(
	ctx context.Context, name string, size int64, sum string, valid time.Duration,
) (bucket.Signed, error) {
	return b.signBody(ctx, name, nil, size, sum, valid)
}

// SignPart implements bucket.Signer.
func (b *Bucket) SignPart(
	ctx context.Context, name, upload string, part int, size int64, sum string, valid time.Duration,
) (bucket.Signed, error) {
	return b.signBody(ctx, name, url.Values{"uploadId": {upload}, "partNumber": {strconv.Itoa(part)}}, size, sum, valid)
}

// signBody signs a PUT of one content: its length and its MD5 are part of what is signed, and the store
// checks both.
func (b *Bucket) signBody(
	ctx context.Context, name string, query url.Values, size int64, sum string, valid time.Duration,
) (bucket.Signed, error) {
	if err := check("sign", name); err != nil {
		return bucket.Signed{}, err
	}
	header := http.Header{"Content-Length": {strconv.FormatInt(size, 10)}, "Content-Md5": {sum}}
	u, err := b.core.PresignHeader(ctx, http.MethodPut, b.bucket, b.prefix+name, valid, query, header)
	if err != nil {
		return bucket.Signed{}, b.explain("sign", name, err)
	}
	return bucket.Signed{URL: u.String(), Headers: map[string]string{"Content-Md5": sum}}, nil
}

// SignGet implements bucket.Signer.
func (b *Bucket) SignGet(ctx context.Context, name string, valid time.Duration) (bucket.Signed, error) {
	if err := check("sign", name); err != nil {
		return bucket.Signed{}, err
	}
	u, err := b.core.PresignedGetObject(ctx, b.bucket, b.prefix+name, valid, nil)
	if err != nil {
		return bucket.Signed{}, b.explain("sign", name, err)
	}
	return bucket.Signed{URL: u.String()}, nil
}

// StartMultipart implements bucket.Signer.
func (b *Bucket) StartMultipart(ctx context.Context, name string) (string, error) {
	if err := check("begin", name); err != nil {
		return "", err
	}
	upload, err := b.core.NewMultipartUpload(ctx, b.bucket, b.prefix+name,
		minio.PutObjectOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return "", b.explain("begin", name, err)
	}
	return upload, nil
}

// CompleteMultipart implements bucket.Signer.
func (b *Bucket) CompleteMultipart(ctx context.Context, name, upload string, etags []string) error {
	if err := check("join", name); err != nil {
		return err
	}
	parts := make([]minio.CompletePart, len(etags))
	for i, tag := range etags {
		parts[i] = minio.CompletePart{PartNumber: i + 1, ETag: strings.Trim(tag, `"`)}
	}
	_, err := b.core.CompleteMultipartUpload(ctx, b.bucket, b.prefix+name, upload, parts, minio.PutObjectOptions{})
	if minio.ToErrorResponse(err).Code == "NoSuchUpload" {
		return fmt.Errorf("join %s: %w: the upload is not known", name, bucket.ErrNotExist)
	}
	if err != nil {
		return b.explain("join", name, err)
	}
	return nil
}

// AbortMultipart implements bucket.Signer.
func (b *Bucket) AbortMultipart(ctx context.Context, prefix string) error {
	ctx, cancel := context.WithCancel(ctx) // the listing goes on until it ends
	defer cancel()
	var all error
	for u := range b.core.ListIncompleteUploads(ctx, b.bucket, b.prefix+prefix, true) {
		if u.Err != nil {
			return errors.Join(all, b.explain("list uploads of", prefix, u.Err))
		}
		err := b.core.AbortMultipartUpload(ctx, b.bucket, u.Key, u.UploadID)
		if err != nil && minio.ToErrorResponse(err).Code != "NoSuchUpload" {
			all = errors.Join(all, b.explain("abandon", u.Key, err))
		}
	}
	return all
}

// Fetcher signs GETs of any object of S3 for those who have no credentials.
type Fetcher struct {
	bucket *Bucket
	object string
}

// NewFetcher takes an address s3://bucket/object, with the options of Open, whose path is the object's key, and asks
// whether the object is there: its errors wrap bucket.ErrNotExist, ErrDenied, ErrNoBucket or ErrUnavailable, and come
// with a Fetcher of what may be there later.
func NewFetcher(ctx context.Context, u *url.URL) (*Fetcher, error) {
	key := strings.Trim(u.Path, "/")
	if u.Scheme != "s3" || u.Host == "" || key == "" {
		return nil, fmt.Errorf("open %q: want s3://bucket/object", u)
	}
	place := url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host, RawQuery: u.RawQuery}
	b, err := connect(place.String())
	if err != nil {
		return nil, err
	}
	f := &Fetcher{b, key}
	_, err = f.bucket.Stat(ctx, f.object)
	return f, err
}

// Size is how many bytes the object has.
func (f *Fetcher) Size(ctx context.Context) (int64, error) {
	info, err := f.bucket.Stat(ctx, f.object)
	return info.Size, err
}

// Sign signs a GET of the object.
func (f *Fetcher) Sign(ctx context.Context, valid time.Duration) (string, error) {
	signed, err := f.bucket.SignGet(ctx, f.object, valid)
	return signed.URL, err
}
