package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/durable"
)

// keptFolder, in a run's folder, holds what attempts keep: by which id a service elsewhere knows their work.
const keptFolder = "kept"

const maxKept = 4096

// kept is what an attempt of the run of a folder has kept, when it began before.
func kept(run, id string) (string, error) {
	data, err := os.ReadFile(filepath.Join(run, keptFolder, id))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}

// keep makes durable what an attempt keeps.
func keep(run, id, text string) error {
	if len(text) == 0 || len(text) > maxKept {
		return fmt.Errorf("it has %d bytes, and from 1 to %d are possible", len(text), maxKept)
	}
	folder := filepath.Join(run, keptFolder)
	if err := durable.MakeFolder(folder); err != nil {
		return err
	}
	return durable.Replace(filepath.Join(folder, id), []byte(text))
}
