package durable

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Replace puts a whole file, which only its owner may read, in the place of the one that is there or of none.
func Replace(name string, data []byte) error { return replace(name, data, Commit) }

// ReplaceUnsynced is Replace for what may be lost with the machine's power: a reader, also after this process was
// killed, sees the one file or the other; after a loss of power it may be either, or empty.
func ReplaceUnsynced(name string, data []byte) error {
	return replace(name, data, func(temp *os.File, name string) error { return put(temp, name, nil) })
}

func replace(name string, data []byte, put func(temp *os.File, name string) error) error {
	temp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	if _, err = temp.Write(data); err != nil {
		_, _ = temp.Close(), os.Remove(temp.Name())
		return err
	}
	return put(temp, name)
}

// Commit puts a file that was written in the same folder in the place of a name, and closes it. It is removed when that
// fails.
func Commit(temp *os.File, name string) error {
	if err := put(temp, name, temp.Sync()); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(name))
}

// put gives a file its name, unless it is not written.
func put(temp *os.File, name string, err error) error {
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}

// MakeFolder makes a folder, which only its owner may enter, and those above it, each unless it is there. The name of
// the last is durable.
func MakeFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(folder))
}

// SyncFolder makes the names in a folder durable, where its file system knows such a thing.
func SyncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, f.Close())
}
