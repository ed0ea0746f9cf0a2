package archive

import (
	"archive/tar"
	"archive/zip"
	"compress/bzip2"
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
	Bytes int64
	Files int
}

// Unpack unpacks a file into a folder that exists; name says by its ending what kind it is. Nothing is written
// outside the folder: names with .. and links that lead out are errors, devices are passed over.
func Unpack(file, name, folder string, limits Limits) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	defer root.Close()
	u := &unpacker{root: root, left: limits}
	if strings.HasSuffix(strings.ToLower(name), ".zip") {
		err = u.zip(file)
	} else {
		err = u.file(file, strings.ToLower(name))
	}
	if err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	return nil
}

type unpacker struct {
	root *os.Root
	left Limits
}

func (u *unpacker) file(file, name string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
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
	return u.tar(tar.NewReader(r))
}

func (u *unpacker) tar(t *tar.Reader) error {
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = u.folder(h.Name)
		case tar.TypeReg:
			err = u.write(h.Name, fs.FileMode(h.Mode), t)
		case tar.TypeSymlink:
			err = u.link(h.Name, h.Linkname, u.root.Symlink)
		case tar.TypeLink:
			err = u.link(h.Name, path.Clean(h.Linkname), u.root.Link)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

func (u *unpacker) zip(file string) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		if err := u.zipped(f); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func (u *unpacker) zipped(f *zip.File) error {
	if f.FileInfo().IsDir() {
		return u.folder(f.Name)
	}
	if !f.Mode().IsRegular() {
		return nil
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	return u.write(f.Name, f.Mode(), r)
}

func (u *unpacker) count() error {
	if u.left.Files--; u.left.Files < 0 {
		return errors.New("the archive holds too many files")
	}
	return nil
}

func (u *unpacker) folder(name string) error {
	if err := u.count(); err != nil {
		return err
	}
	return u.root.MkdirAll(path.Clean(name), 0o755)
}

// write makes one file. One that is there already is replaced, never written through: it may be a link.
func (u *unpacker) write(name string, mode fs.FileMode, r io.Reader) error {
	if err := u.count(); err != nil {
		return err
	}
	name = path.Clean(name)
	if err := u.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	_ = u.root.Remove(name)
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644|mode&0o111)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(r, u.left.Bytes+1))
	if u.left.Bytes -= n; err == nil && u.left.Bytes < 0 {
		err = errors.New("the archive unpacks to more than is allowed")
	}
	return errors.Join(err, f.Close())
}

// link makes a link. Opening through it stays within the root, but a trial reads without one: so links that lead
// out are refused.
func (u *unpacker) link(name, target string, make func(old, new string) error) error {
	if err := u.count(); err != nil {
		return err
	}
	name = path.Clean(name)
	if path.IsAbs(target) || escapes(name, target) {
		return fmt.Errorf("is a link out of the archive, to %s", target)
	}
	if err := u.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	_ = u.root.Remove(name)
	return make(target, name)
}

// escapes reports whether a link's target lies outside of the archive.
func escapes(name, target string) bool {
	joined := path.Join(path.Dir(name), target)
	return joined == ".." || strings.HasPrefix(joined, "../")
}
