package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/server/fault"
)

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
				return fault.Unreachable(fmt.Errorf("delete the state of %s: %s: %w", id, folder,
					errors.Join(err, closed)))
			}
		}
	}
	if err := os.RemoveAll(folder); err != nil {
		return fault.Unreachable(fmt.Errorf("delete the state of %s: %w", id, err))
	}
	return nil
}
