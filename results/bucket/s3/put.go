package s3

import (
	"context"
	"fmt"
	"io"

	"github.com/minio/minio-go/v7"
)

// partSize is what one part of a large upload has at least, and so the memory of an upload of unknown length.
// S3 takes 10,000 parts: 160 GB of such an upload; a known length gets parts as large as it needs.
const (
	partSize = 16 << 20
	maxParts = 10_000
)

// Put implements bucket.Bucket. An upload in parts that fails is taken back, as far as the store can be
// reached.
func (b *Bucket) Put(ctx context.Context, name string, src io.Reader) error {
	if err := check("put", name); err != nil {
		return err
	}
	size := length(src)
	options := minio.PutObjectOptions{PartSize: partSize, NumThreads: 1, ContentType: "application/octet-stream"}
	if least := uint64(max(size, 0))/maxParts + 1; least > partSize {
		options.PartSize = (least + partSize - 1) / partSize * partSize
	}
	s := &source{Reader: src}
	var reader io.Reader = s
	if size >= 0 {
		reader = seekable{s}
	}
	_, err := b.core.Client.PutObject(ctx, b.bucket, b.prefix+name, reader, size, options)
	switch {
	case s.err != nil:
		return fmt.Errorf("put %s: %w", name, s.err)
	case err != nil:
		return b.explain("put", name, err)
	}
	return nil
}

// length is how many bytes src still has, -1 if it does not know.
func length(src io.Reader) int64 {
	seeker, ok := src.(io.Seeker)
	if !ok {
		return -1
	}
	here, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return -1
	}
	end, err := seeker.Seek(0, io.SeekEnd)
	if err != nil {
		return -1
	}
	if _, err := seeker.Seek(here, io.SeekStart); err != nil {
		return -1
	}
	return end - here
}

// source remembers its own error, which is none of the store's.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// seekable lets minio-go send a request again.
type seekable struct{ *source }

func (s seekable) Seek(offset int64, whence int) (int64, error) {
	return s.Reader.(io.Seeker).Seek(offset, whence)
}
