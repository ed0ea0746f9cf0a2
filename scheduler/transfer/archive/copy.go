package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// Copy copies a folder, with what is in it, to a name in another that does not exist yet, until ctx ends. It
// follows no link out of either. File systems that can share blocks do: then it costs what its files' names
// cost. Files, folders and links are copied, and nothing else.
func Copy(ctx context.Context, from, to *os.Root, name string) error {
	err := fs.WalkDir(from.FS(), ".", func(file string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		target := path.Join(name, file)
		switch {
		case d.IsDir():
			return to.Mkdir(target, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			link, err := from.Readlink(file)
			if err != nil {
				return err
			}
			return to.Symlink(link, target)
		}
		return copyFile(ctx, from, file, to, target)
	})
	if err != nil {
		return fmt.Errorf("copy %s: %w", from.Name(), err)
	}
	return nil
}

const copyPiece = 64 << 20

func copyFile(ctx context.Context, from *os.Root, file string, to *os.Root, target string) error {
	// Neither through a link nor waiting at a pipe: others work with what is copied.
	src, err := from.OpenFile(file, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", file)
	}
	if err != nil {
		return err
	}
	dst, err := to.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	for err == nil { // a piece at a time, of which the kernel may share the blocks
		if err = ctx.Err(); err == nil {
			_, err = io.CopyN(dst, src, copyPiece)
		}
	}
	if err == io.EOF {
		err = nil
	}
	return errors.Join(err, dst.Close())
}
