package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// book is the folder with the entries of all runs, and this run's own entry in it.
type book struct {
	folder string
	mutex  *os.File // locked by whoever reads or writes entries
	own    *os.File // locked as long as this run lives
	name   string   // of its file
	last   string   // what is in it
}

const (
	mutexFile   = "machine.lock"
	entryPrefix = "run-"
)

// lockPatience is how long another run may hold the lock, which it needs for a moment, before this one does
// something else: it may have been stopped just then.
const lockPatience = time.Second

func openBook(folder string, e Entry) (*book, error) {
	b := &book{folder: folder}
	var err error
	mutex := filepath.Join(folder, mutexFile)
	if b.mutex, err = os.OpenFile(mutex, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	// Others see it when it is locked: one that nobody has locked is taken for a dead run's.
	if b.own, err = os.CreateTemp(folder, ".entry-*"); err != nil {
		_ = b.mutex.Close()
		return nil, err
	}
	b.name = b.own.Name()
	name := filepath.Join(folder, fmt.Sprintf("%s%d-%d.json", entryPrefix, e.PID, time.Now().UnixNano()))
	if err = unix.Flock(int(b.own.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
		err = b.write(e)
	}
	if err == nil {
		err = os.Rename(b.name, name)
	}
	if err != nil {
		b.close()
		return nil, err
	}
	b.name = name
	return b, nil
}

// lock keeps other runs from reading and writing meanwhile.
func (b *book) lock() (unlock func(), err error) {
	for until := time.Now().Add(lockPatience); ; time.Sleep(5 * time.Millisecond) {
		err := unix.Flock(int(b.mutex.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = unix.Flock(int(b.mutex.Fd()), unix.LOCK_UN) }, nil
		}
		if time.Now().After(until) {
			return nil, fmt.Errorf("one of them holds %s: %w", b.mutex.Name(), err)
		}
	}
}

// others are the entries of the other runs that live. Those of dead ones are removed.
func (b *book) others() ([]Entry, error) {
	files, err := os.ReadDir(b.folder)
	if err != nil {
		return nil, err
	}
	var all []Entry
	for _, f := range files {
		name := filepath.Join(b.folder, f.Name())
		if !strings.HasPrefix(f.Name(), entryPrefix) || name == b.name {
			continue
		}
		e, alive, err := read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case alive:
			all = append(all, e)
		default:
			_ = os.Remove(name)
		}
	}
	return all, nil
}

func read(name string) (e Entry, alive bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return e, false, err
	}
	defer f.Close()
	if unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil {
		return e, false, nil
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	return e, true, err
}

// write puts this run's entry in the place of its former one.
func (b *book) write(e Entry) error {
	text, err := json.Marshal(e)
	if err != nil || string(text) == b.last {
		return err
	}
	if _, err := b.own.WriteAt(text, 0); err != nil {
		return err
	}
	if err := b.own.Truncate(int64(len(text))); err != nil {
		return err
	}
	b.last = string(text)
	return nil
}

func (b *book) close() {
	_ = os.Remove(b.name)
	_ = b.own.Close()
	_ = b.mutex.Close()
}
