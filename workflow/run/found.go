package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kaon-sweep/kaon/results/bucket/open"
)

// Found is a file, or an object of S3, that a pattern matches.
type Found struct {
	Address  string // /folder/name, or s3://bucket/key
	Size     int64
	Modified time.Time
	ETag     string // of an object as the store says; of a file made of its size and time
	Object   bool   // it appears as a whole; a file may be written to yet
}

// Bounds of Find.
const (
	mostFound  = 10_000
	mostPassed = 100_000 // names that are looked at
	batch      = 1000    // of a folder's names
	deepest    = 64      // folders below the first
)

// Find returns the files or objects that an absolute pattern matches, as path.Match does; with a slash at its end,
// all that are below it. Symbolic links are not followed below the pattern's literal prefix. What is no regular file
// is left out, and so are names that cannot be printed, which would change as parameters. No match is no error.
func Find(ctx context.Context, pattern string) ([]Found, error) {
	f := finder{ctx: ctx, pattern: pattern}
	var err error
	if rest, ok := strings.CutPrefix(pattern, "s3://"); ok {
		name, key, _ := strings.Cut(rest, "/")
		err = f.objects("s3://"+name, key)
	} else {
		err = f.files()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	return f.found, nil
}

type finder struct {
	ctx     context.Context
	pattern string
	found   []Found
	passed  int
	deep    int // folders that are open
}

// pass counts a name that is looked at.
func (f *finder) pass() error {
	if f.passed++; f.passed > mostPassed {
		return fmt.Errorf("there are more than %d names to look at: move what is done elsewhere", mostPassed)
	}
	return f.ctx.Err()
}

func (f *finder) add(one Found) error {
	if !printable(one.Address) {
		return nil
	}
	if f.found = append(f.found, one); len(f.found) > mostFound {
		return fmt.Errorf("it matches more than %d: move what is done elsewhere, or match less", mostFound)
	}
	return nil
}

func printable(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func (f *finder) objects(address, pattern string) error {
	in, err := open.Bucket(f.ctx, address, nil)
	if err != nil {
		return err
	}
	for o, err := range in.List(f.ctx, literal(pattern)) {
		if err == nil {
			err = f.pass()
		}
		if err != nil {
			return err
		}
		name := o.Name
		if strings.HasSuffix(pattern, "/") {
			name = firstFolders(name, strings.Count(pattern, "/"))
		}
		if matched, _ := path.Match(pattern, name); !matched {
			continue
		}
		if err := f.add(Found{address + "/" + o.Name, o.Size, o.Modified, o.ETag, true}); err != nil {
			return err
		}
	}
	return nil
}

// firstFolders is a name up to its n-th slash.
func firstFolders(name string, n int) string {
	at := 0
	for range n {
		next := strings.IndexByte(name[at:], '/')
		if next < 0 {
			return name
		}
		at += next + 1
	}
	return name[:at]
}

// files opens the folder that the pattern begins with, and looks below it.
func (f *finder) files() error {
	top := literal(f.pattern)
	top = top[:strings.LastIndexByte(top, '/')+1]
	root, err := os.OpenRoot(top)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	var parts []string // none: all that is below
	if rest := f.pattern[len(top):]; rest != "" {
		parts = strings.Split(rest, "/")
	}
	return f.below(root, top, parts)
}

// below looks at the names of a folder, which has a slash at its end.
func (f *finder) below(root *os.Root, folder string, parts []string) error {
	if f.deep >= deepest {
		return nil
	}
	f.deep++
	defer func() { f.deep-- }()
	in, err := root.Open(".")
	if err != nil {
		return err
	}
	defer in.Close()
	for {
		some, err := in.ReadDir(batch)
		for _, entry := range some {
			if err := f.entry(root, folder, entry, parts); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (f *finder) entry(root *os.Root, folder string, entry fs.DirEntry, parts []string) error {
	if err := f.pass(); err != nil {
		return err
	}
	name := entry.Name()
	if len(parts) > 0 && parts[0] != "" { // the last of `in*/` is empty: all that is below
		if matched, _ := path.Match(parts[0], name); !matched {
			return nil
		}
	}
	all := len(parts) == 0 || parts[0] == ""
	switch {
	case entry.IsDir() && (all || len(parts) > 1):
		sub, err := root.OpenRoot(name)
		if err != nil { // it is gone, a link by now, or nobody may look in
			return f.ctx.Err()
		}
		defer sub.Close()
		if !all {
			parts = parts[1:]
		}
		err = f.below(sub, folder+name+"/", parts)
		// nobody may look in, or it has gone meanwhile
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
			err = f.ctx.Err()
		}
		return err
	case !entry.Type().IsRegular() || !all && len(parts) > 1:
		return nil
	}
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil // it is gone
	}
	at := info.ModTime()
	tag := strconv.FormatInt(info.Size(), 16) + "-" + strconv.FormatInt(at.UnixNano(), 16)
	return f.add(Found{folder + name, info.Size(), at, tag, false})
}
