package archive

import (
	"archive/tar"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Bounds of a folder that is packed: code, not data, which has task.fetch.
const (
	MaxBytes = 512 << 20 // of all files together
	MaxFiles = 50_000    // files, links and folders
)

// Suffix ends the names of archives that Pack makes.
const Suffix = ".tar.zst"

// epoch is every file's time: the content decides, not when it was checked out. Zip tools refuse years before
// 1980.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// entry is one thing to be packed.
type entry struct {
	name string // below the folder, with slashes
	mode fs.FileMode
	size int64
	link string // of a symbolic link
}

// Pack writes the files of a folder to w as tar under zstd, less what .gitignore and .kaonignore in it and in
// the folders below it name, and less .git and the folders of skip (absolute paths). Equal files give equal
// bytes: names are sorted, times and owners are dropped, of the mode only "executable" remains. It fails on a
// folder beyond MaxBytes or MaxFiles, naming what is large, on links that lead out of it, and on what is
// neither file, folder nor link.
func Pack(w io.Writer, folder string, skip ...string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("pack code: %w", err)
	}
	defer root.Close()
	entries, err := collect(root, folder, skip)
	if err != nil {
		return fmt.Errorf("pack code in %s: %w", folder, err)
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) // one goroutine: the same bytes every time
	if err != nil {
		return fmt.Errorf("pack code: %w", err)
	}
	t := tar.NewWriter(z)
	for _, e := range entries {
		if err := e.write(t, root); err != nil {
			return fmt.Errorf("pack code in %s: %s: %w", folder, e.name, err)
		}
	}
	return errors.Join(t.Close(), z.Close())
}

// collect lists what is to be packed, in the order of names.
func collect(root *os.Root, folder string, skip []string) ([]entry, error) {
	var all []entry
	var bytes int64
	rules := newIgnoreRules()
	err := fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != "." {
			if d.Name() == ".git" || rules.match(name, d.IsDir()) ||
				slices.Contains(skip, filepath.Join(folder, name)) {
				return skipped(d)
			}
		}
		if d.IsDir() {
			if err := rules.read(root, name); err != nil {
				return err
			}
		}
		if name == "." {
			return nil
		}
		e, err := describe(root, name, d)
		if err != nil {
			return err
		}
		all = append(all, e)
		bytes += e.size
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case bytes > MaxBytes:
		has, most := Sizes(bytes, MaxBytes)
		return nil, fmt.Errorf("%s, and at most %s are sent to every sandbox; the largest: %s; "+
			"name what trials do not need in .kaonignore, and bring data by task.fetch",
			has, most, largest(all))
	case len(all) > MaxFiles:
		return nil, fmt.Errorf("%d files, and at most %d are sent to every sandbox; "+
			"name what trials do not need in .kaonignore", len(all), MaxFiles)
	}
	return all, nil
}

func skipped(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

func describe(root *os.Root, name string, d fs.DirEntry) (entry, error) {
	info, err := d.Info()
	if err != nil {
		return entry{}, err
	}
	e := entry{name: name, mode: info.Mode()}
	switch {
	case info.IsDir():
	case info.Mode().IsRegular():
		e.size = info.Size()
	case info.Mode()&fs.ModeSymlink != 0:
		if e.link, err = root.Readlink(name); err != nil {
			return entry{}, err
		}
		if path.IsAbs(e.link) || !filepath.IsLocal(path.Join(path.Dir(name), e.link)) {
			return entry{}, fmt.Errorf("%s is a link out of the folder, to %s: "+
				"name it in .kaonignore, or copy what it leads to", name, e.link)
		}
	default:
		return entry{}, fmt.Errorf("%s is neither a file nor a folder (%s): name it in .kaonignore",
			name, info.Mode().Type())
	}
	return e, nil
}

// largest names the files that make a folder too large.
func largest(all []entry) string {
	const shown = 3
	bySize := slices.Clone(all)
	slices.SortStableFunc(bySize, func(a, b entry) int { return cmp.Compare(b.size, a.size) })
	var parts []string
	for _, e := range bySize[:min(shown, len(bySize))] {
		parts = append(parts, fmt.Sprintf("%s (%s)", e.name, Size(e.size)))
	}
	return strings.Join(parts, ", ")
}

func (e entry) write(t *tar.Writer, root *os.Root) error {
	h := &tar.Header{Name: e.name, Mode: 0o644, Size: e.size, ModTime: epoch, Format: tar.FormatPAX,
		Typeflag: tar.TypeReg}
	switch {
	case e.mode.IsDir():
		h.Typeflag, h.Mode, h.Name = tar.TypeDir, 0o755, e.name+"/"
	case e.link != "":
		h.Typeflag, h.Mode, h.Linkname = tar.TypeSymlink, 0o777, e.link
	case e.mode&0o111 != 0:
		h.Mode = 0o755
	}
	if err := t.WriteHeader(h); err != nil || h.Typeflag != tar.TypeReg {
		return err
	}
	f, err := root.Open(e.name)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(t, io.LimitReader(f, e.size))
	if err == nil && n < e.size {
		err = errors.New("it shrank while it was read")
	}
	return err
}
