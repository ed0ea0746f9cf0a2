package dir

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// tempAge is after what time a temporary file is taken for one that a crash left behind: no upload of one
// artifact takes a day.
const tempAge = 24 * time.Hour

// Put implements bucket.Bucket.
func (b *Bucket) Put(ctx context.Context, name string, src io.Reader) error {
	if err := check(ctx, "put", name); err != nil {
		return err
	}
	temp := path.Join(bucket.TempPrefix, rand.Text())
	err := b.write(ctx, temp, src)
	if err == nil {
		err = b.place(temp, name)
	}
	if err != nil {
		_ = b.root.Remove(temp)
		return fmt.Errorf("put %s: %w", name, err)
	}
	return nil
}

// write makes a durable temporary file of src.
func (b *Bucket) write(ctx context.Context, temp string, src io.Reader) error {
	create := func() (*os.File, error) { return b.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640) }
	f, err := create()
	if errors.Is(err, fs.ErrNotExist) {
		if err = b.root.MkdirAll(bucket.TempPrefix, 0o750); err == nil {
			f, err = create()
		}
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(f, reader{ctx, src})
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// reader ends a copy when ctx does.
type reader struct {
	ctx context.Context
	src io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.src.Read(p)
}

// place renames a temporary file to its name. A Delete may remove the folder between its making and the
// rename, so that is tried a few times.
func (b *Bucket) place(temp, name string) (err error) {
	folder := path.Dir(name)
	for range 10 {
		if err = b.root.Rename(temp, name); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		if made := b.folders.make(folder); made != nil && !errors.Is(made, fs.ErrNotExist) {
			return made
		}
	}
	if err != nil {
		return err
	}
	return b.folders.sync(folder)
}

// sweepTemps removes what crashed Puts left. What cannot be removed stays; it is in nobody's way.
func (b *Bucket) sweepTemps(now time.Time) {
	folder, err := b.root.Open(bucket.TempPrefix)
	if err != nil {
		return
	}
	defer folder.Close()
	entries, _ := folder.ReadDir(-1)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > tempAge {
			_ = b.root.Remove(path.Join(bucket.TempPrefix, e.Name()))
		}
	}
}
