package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// receipt is a file that comes in by chunks. Its lock is held while one is written: a client whose connection broke
// may be back before its last chunk has come to an end.
type receipt struct {
	mu   sync.Mutex
	path string
}

var (
	errOffset = errors.New("chunk does not follow")
	errSum    = errors.New("arrived damaged")
)

// receipt is the place of a file, which is the same after a restart.
func (d *Depot) receipt(id attemptID, o offer) *receipt {
	a := d.attempt(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.receipts[o.key()]
	if r == nil {
		sum := sha256.Sum256([]byte(o.key()))
		name := fmt.Sprintf("%d.%d.%s", id.trial, id.number, hex.EncodeToString(sum[:8]))
		r = &receipt{path: filepath.Join(d.conf.Folder, uploadFolder, name)}
		a.receipts[o.key()] = r
	}
	return r
}

// offset is how much of the file is there. What cannot be the beginning of it is dropped.
func (r *receipt) offset(o offer) (int64, error) {
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

// putChunk appends to a file.
func (d *Depot) putChunk(w http.ResponseWriter, r *http.Request, id attemptID) {
	q := r.URL.Query()
	offset, err := strconv.ParseInt(q.Get("offset"), 10, 64)
	size, err2 := strconv.ParseInt(q.Get("size"), 10, 64)
	if err := errors.Join(err, err2); err != nil || d.signer != nil {
		http.Error(w, "bad chunk", http.StatusBadRequest)
		return
	}
	o, err := d.offered(id, offer{Kind: Kind(q.Get("kind")), Name: q.Get("name"), Size: size, SHA256: q.Get("sha256")})
	if err != nil {
		d.fail(w, err)
		return
	}
	select {
	case d.room <- struct{}{}:
		defer func() { <-d.room }()
	case <-r.Context().Done():
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(idleWait)) // of 8 MiB: a client slower than that asks anew where it stood
	if err := d.receipt(id, o).append(offset, min(chunkBytes, o.Size-offset), r.Body); err != nil {
		d.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// append writes a chunk at the end of what is there. However it ends, what is there is a beginning of the file.
func (r *receipt) append(offset, most int64, src io.Reader) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
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

// store puts the whole file into the bucket, if it is what was offered; if not, it begins anew.
func (r *receipt) store(ctx context.Context, o offer, bucket bucket.Bucket, name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := os.OpenFile(r.path, os.O_RDONLY|os.O_CREATE, 0o600) // an empty file has had no chunk
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
