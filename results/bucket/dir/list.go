package dir

import (
	"context"
	"errors"
	"fmt"
	"io"
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
		keep := func(name string) bool {
			return strings.HasSuffix(name, "/") && strings.HasPrefix(path.Join(folder, name), prefix)
		}
		for name, err := range b.names(ctx, path.Clean(folder), keep) {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return
			case err != nil:
				yield("", fmt.Errorf("list %s: %w", prefix, err))
				return
			case !yield(path.Join(folder, name), nil):
				return
			}
		}
	}
}

// walk yields what lies in a folder and below, behind a name, and reports whether to go on. A folder sorts as its name
// with a slash, as its objects' names do.
func (b *Bucket) walk(ctx context.Context, folder, prefix, after string, yield func(bucket.Object, error) bool) bool {
	keep := func(name string) bool {
		full := path.Join(folder, name)
		if !strings.HasSuffix(name, "/") {
			return strings.HasPrefix(full, prefix) && full > after
		}
		full += "/"
		return (strings.HasPrefix(full, prefix) || strings.HasPrefix(prefix, full)) &&
			(full > after || strings.HasPrefix(after, full))
	}
	for name, err := range b.names(ctx, folder, keep) {
		if errors.Is(err, fs.ErrNotExist) {
			return true
		}
		if err != nil {
			// a folder that is closed does not hide those beside it from who goes on
			return yield(bucket.Object{}, fmt.Errorf("list %s: %w", prefix, err)) && errors.Is(err, fs.ErrPermission)
		}
		full := path.Join(folder, name)
		if strings.HasSuffix(name, "/") {
			if !b.walk(ctx, full, prefix, after, yield) {
				return false
			}
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

// How many names of a folder are in memory at a time: few at first, for who wants a page, and four times as many each
// time it is read on, as all of it is read for each.
const (
	firstNames = 1 << 10
	mostNames  = 1 << 17
	readNames  = 1 << 10 // of one read
)

// names yields what a folder holds and keep chooses, sorted, folders with a slash behind; without what could not be an
// object. An error is the last.
func (b *Bucket) names(ctx context.Context, folder string, keep func(name string) bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		last := ""
		for room := firstNames; ; room = min(4*room, mostNames) {
			names, more, err := b.smallest(ctx, folder, last, room, keep)
			if err != nil {
				yield("", err)
				return
			}
			for _, last = range names {
				if !yield(last, nil) {
					return
				}
			}
			if !more {
				return
			}
		}
	}
}

// smallest is the first of what names yields behind last, at most room, and whether there may be more.
func (b *Bucket) smallest(
	ctx context.Context, folder, last string, room int, keep func(name string) bool,
) (names []string, more bool, err error) {
	f, err := b.root.Open(folder)
	if err != nil {
		return nil, false, missing(err)
	}
	defer f.Close()
	for {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		entries, err := f.ReadDir(readNames)
		for _, e := range entries {
			name := e.Name()
			if e.IsDir() {
				name += "/"
			}
			switch {
			case name <= last:
			case more && name > names[room-1]: // which is the largest that has room
			case keep(name) && bucket.CheckName(path.Join(folder, name)) == nil:
				names = append(names, name)
			}
			if len(names) == 2*room {
				slices.Sort(names)
				names, more = names[:room], true
			}
		}
		if errors.Is(err, io.EOF) {
			slices.Sort(names)
			if len(names) > room {
				names, more = names[:room], true
			}
			return names, more, nil
		}
		if err != nil {
			return nil, false, missing(err)
		}
	}
}
