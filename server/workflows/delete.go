package workflows

import (
	"fmt"
	"os"

	"github.com/kaon-sweep/kaon/workflow/run"
)

// Delete forgets a run that has ended, with the runs that are steps of it. What its steps have left in the results
// stays.
func (m *Manager) Delete(id string) error {
	own, err := m.header(id)
	if err != nil {
		return err
	}
	m.Settle(id)
	if err := m.take(id, run.Origin{}); err != nil {
		return err
	}
	defer m.give(id)
	r, err := run.Read(m.cfg.Folder, id, false)
	if err != nil {
		return err
	}
	if !r.View.State.Ended() {
		return fmt.Errorf("%w: cancel it first", ErrAtWork)
	}
	all, err := os.ReadDir(m.cfg.Folder)
	if err != nil {
		return err
	}
	for _, e := range all { // the run itself last: when this is cut off, it can be done again
		if h, err := m.header(e.Name()); err == nil && h.Parent != "" && h.Owner == own.Owner && IsStep(id, e.Name()) {
			if err := os.RemoveAll(run.Folder(m.cfg.Folder, e.Name())); err != nil {
				return err
			}
		}
	}
	if err := os.RemoveAll(run.Folder(m.cfg.Folder, id)); err != nil {
		return err
	}
	m.mu.Lock()
	delete(m.mu.kept, id)
	m.mu.Unlock()
	m.tell(Change{Run: id, Kind: RunChanged, State: "deleted"})
	return nil
}
