package state

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// What lies in a state folder, besides what file server and cluster keep there.
const (
	JournalFile    = "journal.db"
	ControlFile    = "control.sock" // over which other commands talk to the process that runs the sweeps
	TransferFolder = "depot"        // the file server's
	// SweepsFolder holds the folders of single sweeps, where there may be many.
	SweepsFolder = "sweeps"
)

// Folder is where `kaon run` keeps the state of one sweep, by its place of results and the folder that
// is given for state; empty: one in the results, or in the working folder where those are no folder.
func Folder(place, folder, id string) string {
	if folder == "" {
		folder = filepath.Join(place, ".state")
		if strings.Contains(place, "://") {
			folder = "kaon-state"
		}
	}
	return filepath.Join(folder, id)
}

// HasJournal tells whether a state folder has a journal. An error is that of a folder that cannot be looked
// at: the journal may be there.
func HasJournal(state string) (bool, error) {
	_, err := os.Lstat(filepath.Join(state, JournalFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	return err == nil, err
}
