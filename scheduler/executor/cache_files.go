package executor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// resolveArchive is where a source's file lies in the end, or what was in it.
func resolveArchive(
	ctx context.Context, file, folder string, src task.Source, limits archive.Limits,
) (string, error) {
	if !src.Unpack {
		return file, nil
	}
	out := filepath.Join(folder, "unpacked")
	if err := os.Mkdir(out, 0o755); err != nil {
		return "", fmt.Errorf("unpack %s: %w", src.Name, err)
	}
	f, err := openFile(file)
	if err != nil {
		return "", fmt.Errorf("unpack %s: %w", src.Name, err)
	}
	defer f.Close()
	if err := archive.Unpack(ctx, f, src.Name, out, limits); err != nil {
		return "", err
	}
	if filepath.Dir(file) == folder {
		_ = os.Remove(file)
	}
	return out, nil
}

// openFile opens a file by its path, which may be a link, but never waits as it would for a pipe.
func openFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode()&fs.ModeType&^fs.ModeDir != 0 {
		err = fmt.Errorf("%s is a pipe, socket or device", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// checkFile says whether a file of this machine is there, with the checksum if there is one.
func checkFile(ctx context.Context, path, sum string) error {
	f, err := openFile(path)
	if err != nil {
		return fmt.Errorf("%w on this agent", err)
	}
	defer f.Close()
	if sum == "" {
		return nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, transfer.Reader(ctx, f)); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != sum {
		return fmt.Errorf("its sha256 is %s, not %s", got, sum)
	}
	return nil
}
