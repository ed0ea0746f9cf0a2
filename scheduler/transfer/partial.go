package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// partialUpload is a file that comes in by chunks. Its lock is held while one is written: a client whose
// connection broke may be back before its last chunk has come to an end.
type partialUpload struct {
	mu   sync.Mutex
	path string
}

var (
	errOffset = errors.New("chunk does not follow")
	errSum    = errors.New("arrived damaged")
)

// offset is how much of the file is there. What cannot be the beginning of it is dropped.
func (r *partialUpload) offset(o uploadRequest) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := os.Stat(r.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, err
	case info.Size() > o.Size:
		return 0, os.Remove(r.path)
	}
	return info.Size(), nil
}

// remove removes what is there. A chunk that comes afterwards is refused, as its attempt has ended.
func (r *partialUpload) remove() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := os.Remove(r.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// open opens the file, in a folder that is made with the first one.
func (r *partialUpload) open(flags int) (*os.File, error) {
	f, err := os.OpenFile(r.path, flags, 0o600)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if err := os.MkdirAll(filepath.Dir(r.path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(r.path, flags, 0o600)
}

// append writes a chunk at the end of what is there. However it ends, what is there is a beginning of the
// file.
func (r *partialUpload) append(offset, most int64, src io.Reader) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := r.open(os.O_WRONLY | os.O_CREATE | os.O_APPEND)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() != offset {
		err = fmt.Errorf("%w: %d bytes are there, not %d", errOffset, info.Size(), offset)
	}
	if err == nil {
		_, err = io.Copy(f, io.LimitReader(src, most))
	}
	return errors.Join(err, f.Close())
}

// store puts the whole file into the bucket, if it is what was announced; if not, it begins anew.
func (r *partialUpload) store(ctx context.Context, o uploadRequest, bucket bucket.Bucket, name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := r.open(os.O_RDONLY | os.O_CREATE) // an empty file has had no chunk
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	if n < o.Size {
		return fmt.Errorf("%w: %d bytes of %d are there", errOffset, n, o.Size)
	}
	if n != o.Size || hex.EncodeToString(h.Sum(nil)) != o.SHA256 {
		return errors.Join(fmt.Errorf("%w: %s has another checksum", errSum, o.Name), os.Remove(r.path))
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := bucket.Put(ctx, name, f); err != nil {
		return err
	}
	return os.Remove(r.path)
}
