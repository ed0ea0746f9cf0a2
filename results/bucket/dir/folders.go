package dir

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"
	"sync/atomic"
	"syscall"
)

// mostKnown bounds how many folders are remembered; beyond it all are forgotten, which costs time alone.
const mostKnown = 10_000

// folders remembers which folders this process has made durable, so that those above an object are not synced with each
// object anew.
type folders struct {
	root  *os.Root
	mu    sync.Mutex
	known map[string]*madeFolder // by name; one that is made again is another
}

type madeFolder struct{ durable atomic.Bool } // with those above it

// make makes a folder and those above it, each unless it is there.
func (f *folders) make(folder string) error {
	f.mu.Lock() // nobody may take the new folder for the one that had its name
	defer f.mu.Unlock()
	return f.makeLocked(folder)
}

func (f *folders) makeLocked(folder string) error {
	if folder == "." {
		return nil
	}
	err := f.root.Mkdir(folder, 0o750)
	if errors.Is(err, fs.ErrNotExist) {
		if err = f.makeLocked(path.Dir(folder)); err == nil {
			err = f.root.Mkdir(folder, 0o750)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	delete(f.known, folder)
	return err
}

// sync makes the names in a folder durable, and its own.
func (f *folders) sync(folder string) error {
	one := f.of(folder)
	if err := f.syncNames(folder); err != nil || folder == "." {
		return err
	}
	if one.durable.Load() {
		return nil
	}
	if err := f.sync(path.Dir(folder)); err != nil {
		return err
	}
	one.durable.Store(true)
	return nil
}

func (f *folders) syncNames(folder string) error {
	opened, err := f.root.Open(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the object was deleted meanwhile, and the folder with it
	}
	if err != nil {
		return err
	}
	err = opened.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // its file system knows no such thing
	}
	return errors.Join(err, opened.Close())
}

// of is the folder that has this name now.
func (f *folders) of(name string) *madeFolder {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil || len(f.known) >= mostKnown {
		f.known = map[string]*madeFolder{}
	}
	if f.known[name] == nil {
		f.known[name] = &madeFolder{}
	}
	return f.known[name]
}

func (f *folders) forget(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.known, name)
}
