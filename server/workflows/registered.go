package workflows

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

// AtWork are the runs of a registered workflow that are worked on, less those of backfills, or those of backfills
// alone.
func (m *Manager) AtWork(registered string, backfill bool) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for id, l := range m.mu.live {
		h := l.run.Header()
		if h.Registered == registered && (h.Trigger != nil && h.Trigger.Backfill) == backfill {
			all = append(all, id)
		}
	}
	return all
}

// Success is a run that has succeeded.
type Success struct {
	Run, Owner string
	Ended      int64 // milliseconds since 1970
	Parameters map[string]any
	Outputs    map[string]any // of its steps, by step
}

// Succeeded are the runs of a registered workflow that have succeeded behind a time, in milliseconds since 1970, the
// first first, but those that are known: of them no log is read. Whose end was not let go of yet are left to the next
// call.
func (m *Manager) Succeeded(
	registered string, since int64, known func(run, owner string, ended int64) bool,
) (all []Success) {
	list, err := m.List()
	if err != nil {
		m.cfg.Log.Error("the runs of workflows cannot be listed", "err", err)
		return nil
	}
	for _, one := range list {
		if one.Header.Registered != registered || one.View.State != engine.Succeeded ||
			one.View.Ended <= since || one.Live ||
			known(one.Header.Run, one.Header.Owner, one.View.Ended) {
			continue
		}
		whole, err := m.Get(one.Header.Run) // of a list nothing is known of steps
		if err != nil || whole.View.State != engine.Succeeded {
			continue
		}
		s := Success{Run: one.Header.Run, Owner: one.Header.Owner, Ended: one.View.Ended,
			Parameters: one.View.Parameters, Outputs: map[string]any{}}
		for _, step := range whole.View.Steps {
			if step.Outputs != nil {
				s.Outputs[step.Key] = step.Outputs
			}
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Success) int {
		return cmp.Or(cmp.Compare(a.Ended, b.Ended), strings.Compare(a.Run, b.Run))
	})
	return all
}
