package archive

import (
	"archive/tar"
	"archive/zip"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Limits bound what an archive may unpack to: small archives hold large things.
type Limits struct {
	Bytes int64  // of all files
	Files int    // files, links and folders, those that an entry only lies in among them
	More  string // how to have more, for the error; empty: nothing
}

// Bounds of an archive where nothing says how much disk its user may take.
const (
	defaultBytes = 10 << 30
	leastFiles   = 100_000
	fileBytes    = 4 << 10 // the least that a file takes of a disk
)

// LimitsOf are the bounds of an archive that is unpacked to a disk of so many bytes; 0: nobody says.
func LimitsOf(disk int64) Limits {
	l := Limits{Bytes: disk, More: "name a larger task.resources.disk"}
	if disk <= 0 {
		l.Bytes, l.More = defaultBytes, "name task.resources.disk, which is the bound then"
	}
	l.Files = int(max(l.Bytes/fileBytes, leastFiles))
	return l
}

// Unpack unpacks a file into a folder that exists, until ctx ends; name says by its ending what kind it is.
// Nothing is written outside the folder, and nothing is left that leads out of it: names with .. and links
// that lead out once the kernel has followed all others are errors, and so are devices and pipes. Of a file's
// mode only "executable" remains. Errors name the entry.
func Unpack(ctx context.Context, file *os.File, name, folder string, limits Limits) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	defer root.Close()
	u := &unpacker{ctx: ctx, root: root, left: limits, limits: limits, folders: map[string]bool{".": true}}
	if strings.HasSuffix(strings.ToLower(name), ".zip") {
		err = u.zip(file)
	} else {
		err = u.file(file, strings.ToLower(name))
	}
	if err == nil {
		err = u.checkLinks()
	}
	if err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	return nil
}

type unpacker struct {
	ctx          context.Context
	root         *os.Root
	left, limits Limits
	folders      map[string]bool // that are there already
	links        []string        // names that may be links
}

func (u *unpacker) file(f *os.File, name string) error {
	var r io.Reader = f
	switch {
	case strings.HasSuffix(name, "gz"):
		z, err := gzip.NewReader(f)
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	case strings.HasSuffix(name, "zst"):
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	case strings.HasSuffix(name, "bz2"):
		r = bzip2.NewReader(f)
	}
	return u.tar(tar.NewReader(ContextReader(u.ctx, r)))
}

func (u *unpacker) tar(t *tar.Reader) error {
	last := ""
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if last != "" {
				return fmt.Errorf("after %s: %w", last, err)
			}
			return err
		}
		last = h.Name
		switch h.Typeflag {
		case tar.TypeDir:
			err = u.folder(h.Name)
		case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
			err = u.write(h.Name, fs.FileMode(h.Mode), t)
		case tar.TypeSymlink:
			err = u.link(h.Name, h.Linkname, u.root.Symlink)
		case tar.TypeLink:
			err = u.link(h.Name, path.Clean(h.Linkname), u.root.Link)
		case tar.TypeXGlobalHeader: // of git archive
			err = u.count()
		case tar.TypeChar, tar.TypeBlock:
			err = errors.New("it is a device, which is not unpacked")
		case tar.TypeFifo:
			err = errors.New("it is a named pipe, which is not unpacked")
		default:
			err = fmt.Errorf("it is neither a file nor a folder nor a link, but of type %q", h.Typeflag)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

func (u *unpacker) zip(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	z, err := zip.NewReader(file, info.Size())
	if err != nil {
		return err
	}
	for _, f := range z.File {
		if err := u.zipped(f); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

// maxTarget is the longest that a link's target can be.
const maxTarget = 4096

func (u *unpacker) zipped(f *zip.File) error {
	mode := f.Mode()
	if f.FileInfo().IsDir() {
		return u.folder(f.Name)
	}
	if mode.Type()&^fs.ModeSymlink != 0 {
		return errors.New("it is a device, pipe or socket, which is not unpacked")
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if mode.Type() == 0 {
		return u.write(f.Name, mode, ContextReader(u.ctx, r))
	}
	target, err := io.ReadAll(io.LimitReader(r, maxTarget))
	if err != nil {
		return err
	}
	return u.link(f.Name, string(target), u.root.Symlink)
}

func (u *unpacker) count() error {
	if u.left.Files--; u.left.Files < 0 {
		return u.tooMuch(fmt.Sprintf("%d files and folders", u.limits.Files))
	}
	return u.ctx.Err()
}

func (u *unpacker) tooMuch(most string) error {
	err := fmt.Errorf("with it the archive unpacks to more than %s, and no more are allowed", most)
	if u.limits.More != "" {
		err = fmt.Errorf("%w: %s", err, u.limits.More)
	}
	return err
}

func (u *unpacker) folder(name string) error {
	if err := u.count(); err != nil {
		return err
	}
	return u.enclose(path.Clean(name))
}

// enclose makes a folder and those it lies in, each of which counts.
func (u *unpacker) enclose(name string) error {
	if u.folders[name] {
		return nil
	}
	if dir := path.Dir(name); dir != name {
		if err := u.enclose(dir); err != nil {
			return err
		}
	}
	if err := u.count(); err != nil {
		return err
	}
	if err := u.root.MkdirAll(name, 0o755); err != nil {
		return err
	}
	u.folders[name] = true
	return nil
}

// write makes one file. One that is there already is replaced, never written through: it may be a link.
func (u *unpacker) write(name string, mode fs.FileMode, r io.Reader) error {
	if err := u.count(); err != nil {
		return err
	}
	name = path.Clean(name)
	if err := u.enclose(path.Dir(name)); err != nil {
		return err
	}
	_ = u.root.Remove(name)
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644|mode&0o111)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(r, u.left.Bytes+1))
	if u.left.Bytes -= n; err == nil && u.left.Bytes < 0 {
		err = u.tooMuch(fmt.Sprintf("%d bytes", u.limits.Bytes))
	}
	return errors.Join(err, f.Close())
}

// link makes a link. Opening through it stays within the root, but a trial reads without one: so links that
// lead out are refused, as far as that can be told from the link alone; the rest is checkLinks's.
func (u *unpacker) link(name, target string, make func(old, new string) error) error {
	if err := u.count(); err != nil {
		return err
	}
	name = path.Clean(name)
	if path.IsAbs(target) || escapes(name, target) {
		return leadsOut(target)
	}
	if err := u.enclose(path.Dir(name)); err != nil {
		return err
	}
	_ = u.root.Remove(name)
	u.links = append(u.links, name)
	return make(target, name)
}

func leadsOut(target string) error { return fmt.Errorf("is a link out of the archive, to %s", target) }

// escapes reports whether a link's target lies outside of the archive if there were no other links.
func escapes(name, target string) bool {
	joined := path.Join(path.Dir(name), target)
	return joined == ".." || strings.HasPrefix(joined, "../")
}

// checkLinks follows every link that was made as the kernel would: a link's own folder may be reached by
// others, its target may go through others and then up, and a hard link to a link means something else in
// another folder.
func (u *unpacker) checkLinks() error {
	for _, name := range u.links {
		if err := u.follow(name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// maxLinks is how many links the kernel follows.
const maxLinks = 40

func (u *unpacker) follow(name string) error {
	todo, at := strings.Split(name, "/"), "."
	for links := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if at == "." {
				return leadsOut("a folder above it, by way of other links")
			}
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, part)
		info, err := u.root.Lstat(next)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 { // what is not there has no links in it
			at = next
			continue
		}
		if links++; links > maxLinks {
			return nil // the kernel follows it no further either
		}
		target, err := u.root.Readlink(next)
		if err != nil {
			return err
		}
		if path.IsAbs(target) {
			return leadsOut(target)
		}
		todo = append(strings.Split(target, "/"), todo...)
	}
	return nil
}
