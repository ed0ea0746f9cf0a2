package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Digest names the content of a folder: equal files give equal digests. What Pack leaves out is left out, and so are
// the files and folders of skip (absolute paths) and what is neither file, folder nor link. It fails on a folder beyond
// MaxBytes or MaxFiles.
func Digest(folder string, skip ...string) (string, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return "", err
	}
	defer root.Close()
	sum, rules, files, size := sha256.New(), newIgnoreRules(), 0, int64(0)
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != "." && (d.Name() == ".git" || rules.match(name, d.IsDir()) ||
			slices.Contains(skip, filepath.Join(folder, name))) {
			return skipped(d)
		}
		if d.IsDir() {
			return rules.read(root, name)
		}
		if files++; files > MaxFiles {
			return fmt.Errorf("more than %d files", MaxFiles)
		}
		info, err := d.Info()
		switch {
		case err != nil:
			return err
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := root.Readlink(name)
			fmt.Fprintf(sum, "%q -> %q\n", name, to)
			return err
		case !info.Mode().IsRegular():
			return nil
		}
		if size += info.Size(); size > MaxBytes {
			has, most := Sizes(size, MaxBytes)
			return fmt.Errorf("%s or more of files, and at most %s are looked at", has, most)
		}
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		own := sha256.New()
		if _, err := io.Copy(own, io.LimitReader(f, info.Size())); err != nil {
			return err
		}
		fmt.Fprintf(sum, "%q %v %x\n", name, info.Mode()&0o111 != 0, own.Sum(nil))
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("look at %s: %w", folder, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
