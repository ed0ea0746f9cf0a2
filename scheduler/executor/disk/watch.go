package disk

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

const (
	// interval is between looks at the file system while attempts run.
	interval = time.Second
	// leastBytes is what must be free: a file system with less refuses the next write of most programs.
	leastBytes = 64 << 10
	// probeName is the file that is written to learn whether that is possible.
	probeName = ".kaon-probe"
)

// Watch watches the file system of a sandbox. Its methods may be called from any goroutine; a nil Watch sees nothing.
type Watch struct {
	folder *safefile.Dir
	write  func(folder *safefile.Dir) error // the probe

	mu struct {
		sync.Mutex
		uses map[*Use]struct{}
	}
}

// NewWatch makes the watch of a sandbox.
func NewWatch(sandbox *safefile.Dir) *Watch {
	w := &Watch{folder: sandbox, write: write}
	w.mu.uses = map[*Use]struct{}{}
	return w
}

// Run looks at the file system until ctx ends. One that does not answer holds up nobody else.
func (w *Watch) Run(ctx context.Context) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		w.mu.Lock()
		idle := len(w.mu.uses) == 0
		w.mu.Unlock()
		if !idle {
			w.sample()
		}
	}
}

// Begin notes that an attempt runs, until End, as the user of this process until RunsAs says another.
func (w *Watch) Begin() *Use {
	if w == nil {
		return nil
	}
	u := &Use{watch: w, reserve: os.Geteuid() == 0}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mu.uses[u] = struct{}{}
	return u
}

// sample looks whether the file system has room, and gives all of it in bytes and inodes.
func (w *Watch) sample() (size, inodes int64) {
	var st unix.Statfs_t
	err := w.folder.At(func(path string) error { return unix.Statfs(path, &st) })
	if err != nil {
		w.note(Fault(err))
		return 0, 0
	}
	block := max(int64(st.Bsize), 1)
	least := (leastBytes + block - 1) / block
	switch {
	case st.Flags&unix.ST_RDONLY != 0:
		w.note(Writable)
	case st.Blocks > 0 && int64(st.Bfree) < least: // some file systems have no number
		w.note(Space)
	case st.Files > 0 && st.Ffree == 0:
		w.note(Inodes)
	case st.Blocks > 0 && int64(st.Bavail) < least:
		w.noteIf(Space, func(u *Use) bool { return !u.reserve })
	}
	return int64(st.Blocks) * block, int64(st.Files)
}

// note keeps what the file system lacks for all attempts that run.
func (w *Watch) note(lacked string) { w.noteIf(lacked, func(*Use) bool { return true }) }

// noteIf keeps what the file system lacks for those of the attempts that run.
func (w *Watch) noteIf(lacked string, affects func(u *Use) bool) {
	if lacked == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for u := range w.mu.uses {
		if affects(u) {
			u.lacked = lacked
		}
	}
}

// Probe writes to a folder of the sandbox, the sandbox itself if it is nil, and names what its file system lacks for
// that; empty: nothing.
func (w *Watch) Probe(folder *safefile.Dir) string {
	if w == nil {
		return ""
	}
	if folder == nil {
		folder = w.folder
	}
	err := w.write(folder)
	lacked := Fault(err)
	if lacked == Space {
		w.note(lacked)
		w.sample() // which knows inodes from space
	} else {
		w.note(lacked)
	}
	return lacked
}

func write(folder *safefile.Dir) error {
	err := folder.WriteFile(probeName, make([]byte, leastBytes), 0o600)
	if removed := folder.Remove(probeName); removed != nil && !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}
