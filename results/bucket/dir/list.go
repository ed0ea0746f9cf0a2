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
	return func(yield func(bucket.Object, error) bool) {
		folder, ok := bucket.ListFolder(prefix)
		if !ok {
			return
		}
		b.walk(ctx, path.Clean(folder), prefix, yield)
	}
}

// walk yields what lies in a folder and below, and reports whether to go on. A folder sorts as its name with
// a slash, as its objects' names do.
func (b *Bucket) walk(ctx context.Context, folder, prefix string, yield func(bucket.Object, error) bool) bool {
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
			if overlap := strings.HasPrefix(below, prefix) || strings.HasPrefix(prefix, below); overlap &&
				!b.walk(ctx, full, prefix, yield) {
				return false
			}
			continue
		}
		if !strings.HasPrefix(full, prefix) {
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
