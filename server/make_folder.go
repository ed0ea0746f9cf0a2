package server

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/durable"
)

// makeFolder makes a folder and those above it, and answers which of them were not there before, the
// innermost last.
func makeFolder(folder string) (made []string, err error) {
	if _, err := os.Stat(folder); err == nil {
		return nil, os.MkdirAll(folder, 0o700) // a file of that name is an error
	}
	if above := filepath.Dir(folder); above != folder {
		if made, err = makeFolder(above); err != nil {
			return made, err
		}
	}
	switch err = os.Mkdir(folder, 0o700); {
	case err == nil:
		// what is in it is to be there after a loss of power
		return append(made, folder), durable.SyncFolder(filepath.Dir(folder))
	case errors.Is(err, os.ErrExist): // another process was faster
		return made, os.MkdirAll(folder, 0o700)
	}
	return made, err
}
