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
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/task"
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
	fd, err := proc.OpenPlain(path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	_ = unix.SetNonblock(fd, false) // or the runtime's poller is told of it
	f := os.NewFile(uintptr(fd), path)
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

// checkAnswering is checkFile of a file that may lie where nothing answers: as long as some of it is read within such a
// wait it may take. Else the error is a *proc.UnansweredError.
func checkAnswering(ctx context.Context, path, sum string, wait time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var reads atomic.Int64
	checked := make(chan error, 1)
	crash.Go(func() { checked <- checkFile(ctx, path, sum, &reads) })
	tick := time.NewTicker(wait)
	defer tick.Stop()
	for before := int64(0); ; {
		select {
		case err := <-checked:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		now := reads.Load()
		if now == before {
			return &proc.UnansweredError{Path: path, Waited: wait}
		}
		before = now
	}
}

// counted counts what is read.
type counted struct {
	io.Reader
	reads *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	c.reads.Add(1)
	return c.Reader.Read(p)
}

// checkFile says whether a file of this machine is there, with the checksum if there is one. It counts what it reads.
func checkFile(ctx context.Context, path, sum string, reads *atomic.Int64) error {
	f, err := openFile(path)
	if err != nil {
		return fmt.Errorf("%w on this agent", err)
	}
	defer f.Close()
	if sum == "" {
		return nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, counted{archive.ContextReader(ctx, f), reads}); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != sum {
		return fmt.Errorf("its sha256 is %s, not %s", got, sum)
	}
	return nil
}
