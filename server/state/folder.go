package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/server/fault"
)

// What lies in a state folder, besides what file server and cluster keep there.
const (
	JournalFile    = "journal.db"
	winnerFile     = "winner.json"  // that a sweep started from which follows another
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

// Remove removes the state folder of one sweep, which no process may work on.
func Remove(folder, id string) error {
	there, err := HasJournal(folder)
	if err != nil {
		return fault.Unreachable(fmt.Errorf("delete the state of %s: %w", id, err))
	}
	if there {
		j, err := disk.Open(filepath.Join(folder, JournalFile))
		switch {
		case errors.Is(err, journal.ErrLocked):
			return fault.Usage(fmt.Errorf("another process works on sweep %s: `kaon stop %s` ends it", id, id))
		case err != nil && !errors.Is(err, journal.ErrDamaged):
			return fault.Unreachable(fmt.Errorf("open journal of %s: %w", id, err))
		case err == nil:
			_, _, err := entryOf(j, id)
			if err == nil { // while it is locked: nobody goes on with the sweep meanwhile
				err = os.RemoveAll(folder)
			}
			if closed := j.Close(); err != nil || closed != nil {
				return fault.Unreachable(fmt.Errorf("delete the state of %s: %s: %w", id, folder, errors.Join(err, closed)))
			}
		}
	}
	if err := os.RemoveAll(folder); err != nil {
		return fault.Unreachable(fmt.Errorf("delete the state of %s: %w", id, err))
	}
	return nil
}
