package dir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// Bucket is a folder as bucket.Bucket. It is safe for concurrent use, by several processes too.
type Bucket struct {
	root    *os.Root
	folders folders
}

var _ bucket.Bucket = (*Bucket)(nil)

// Open makes the folder if need be and opens it.
func Open(folder string) (*Bucket, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("open results folder: %w", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("open results folder: %w", err)
	}
	b := &Bucket{root: root, folders: folders{root: root}}
	b.sweepTemps(time.Now())
	return b, nil
}

// Close gives the folder's handle back.
func (b *Bucket) Close() error { return b.root.Close() }

// check refuses bad names and ended contexts, in the words of op.
func check(ctx context.Context, op, name string) error {
	if err := bucket.CheckName(name); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s %s: %w", op, name, err)
	}
	return nil
}

// missing is err, or bucket.ErrNotExist when err says so in the file system's words: a file where a folder
// should be is no object either.
func missing(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return bucket.ErrNotExist
	}
	return err
}

// Get implements bucket.Bucket.
func (b *Bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := check(ctx, "get", name); err != nil {
		return nil, err
	}
	f, err := b.root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) // a pipe would keep the reader waiting
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", name, missing(err))
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = bucket.ErrNotExist
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("get %s: %w", name, err)
	}
	return f, nil
}

// Stat implements bucket.Bucket.
func (b *Bucket) Stat(ctx context.Context, name string) (bucket.Object, error) {
	if err := check(ctx, "stat", name); err != nil {
		return bucket.Object{}, err
	}
	info, err := b.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = bucket.ErrNotExist
	}
	if err != nil {
		return bucket.Object{}, fmt.Errorf("stat %s: %w", name, missing(err))
	}
	return bucket.Object{Name: name, Size: info.Size(), Modified: info.ModTime()}, nil
}

// Delete implements bucket.Bucket. Folders that become empty go too.
func (b *Bucket) Delete(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := b.remove(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bucket) remove(ctx context.Context, name string) error {
	if err := check(ctx, "delete", name); err != nil {
		return err
	}
	info, err := b.root.Lstat(name)
	if err == nil && info.IsDir() {
		return nil // a folder is no object
	}
	if err == nil {
		err = b.root.Remove(name)
	}
	if err := missing(err); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		if b.removeFolder(folder) != nil {
			break // not empty
		}
	}
	return nil
}

// removeFolder removes an empty folder, and never a file that took its place meanwhile, as Root.Remove would.
func (b *Bucket) removeFolder(folder string) error {
	parent, err := b.root.Open(path.Dir(folder))
	if err != nil {
		return err
	}
	defer parent.Close()
	if err := unix.Unlinkat(int(parent.Fd()), path.Base(folder), unix.AT_REMOVEDIR); err != nil {
		return err
	}
	b.folders.forget(folder)
	return nil
}
