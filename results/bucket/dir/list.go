package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// List implements bucket.Bucket.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return b.ListAfter(ctx, prefix, "")
}

// ListAfter implements bucket.Bucket.
func (b *Bucket) ListAfter(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		folder, ok := bucket.ListFolder(prefix)
		if !ok {
			return
		}
		b.walk(ctx, path.Clean(folder), prefix, after, yield)
	}
}

// Folders implements bucket.Bucket.
func (b *Bucket) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		folder, ok := bucket.ListFolder(prefix)
		if !ok {
			return
		}
		names, err := b.names(path.Clean(folder))
		if err == nil {
			err = ctx.Err()
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			yield("", fmt.Errorf("list %s: %w", prefix, err))
			return
		}
		for _, name := range names {
			full := path.Join(folder, name)
			if strings.HasSuffix(name, "/") && strings.HasPrefix(full, prefix) && !yield(full, nil) {
				return
			}
		}
	}
}

// walk yields what lies in a folder and below, behind a name, and reports whether to go on. A folder sorts as its name with
// a slash, as its objects' names do.
func (b *Bucket) walk(ctx context.Context, folder, prefix, after string, yield func(bucket.Object, error) bool) bool {
	names, err := b.names(folder)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return true
		}
		// a folder that is closed does not hide those beside it from who goes on
		return yield(bucket.Object{}, fmt.Errorf("list %s: %w", prefix, err)) && errors.Is(err, fs.ErrPermission)
	}
	for _, name := range names {
		full := path.Join(folder, name)
		if strings.HasSuffix(name, "/") {
			below := full + "/"
			overlap := strings.HasPrefix(below, prefix) || strings.HasPrefix(prefix, below)
			behind := below > after || strings.HasPrefix(after, below)
			if overlap && behind && !b.walk(ctx, full, prefix, after, yield) {
				return false
			}
			continue
		}
		if !strings.HasPrefix(full, prefix) || full <= after {
			continue
		}
		info, err := b.root.Lstat(full)
		if err != nil || !info.Mode().IsRegular() {
			continue // deleted meanwhile, or not ours
		}
		if !yield(bucket.Object{Name: full, Size: info.Size(), Modified: info.ModTime()}, nil) {
			return false
		}
	}
	return true
}

// names is what a folder holds, sorted, folders with a slash behind; without what could not be an object.
func (b *Bucket) names(folder string) ([]string, error) {
	f, err := b.root.Open(folder)
	if err != nil {
		return nil, missing(err)
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, missing(err)
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if bucket.CheckName(path.Join(folder, name)) != nil {
			continue
		}
		if e.IsDir() {
			name += "/"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}
