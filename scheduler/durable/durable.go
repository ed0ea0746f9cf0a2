package durable

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Replace puts a whole file, which only its owner may read, in the place of the one that is there or of none.
func Replace(name string, data []byte) error {
	folder := filepath.Dir(name)
	temp, err := os.CreateTemp(folder, filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
		return err
	}
	return SyncFolder(folder)
}

// MakeFolder makes a folder, which only its owner may enter, and those above it, each unless it is there. The name of the last is durable.
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
