package server

import (
	"errors"
	"os"
	"path/filepath"
)

// replaceFile replaces a file by one that is whole and durable, and that only its owner may read.
func replaceFile(name string, text []byte) error {
	folder := filepath.Dir(name)
	temp, err := os.CreateTemp(folder, filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
