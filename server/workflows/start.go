package workflows

import (
	"cmp"
	"errors"
	"os"
	"slices"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// Start goes on with all runs that have not ended. From then on told hears what changes, from any goroutine; it must
// not block.
func (m *Manager) Start(told func(Change)) {
	m.mu.Lock()
	m.mu.told = told
	m.mu.Unlock()
	open, ended := m.unfinished()
	m.group.Go(crash.Func(func() { // it may wait for the results
		for _, id := range ended {
			m.release(id) // the process was killed before it had
		}
	}))
	for _, h := range open {
		if err := m.Resume(h.Run); err != nil {
			m.cfg.Log.Error("a run of a workflow cannot be gone on with", "run", h.Run, "err", err)
		}
	}
}

// unfinished are the runs that have not ended, the newest first, and those that have and whose steps the server still
// has as sweeps. It holds one run at a time, and reads no log of those whose end is kept in short.
func (m *Manager) unfinished() (open []run.Header, ended []string) {
	entries, err := os.ReadDir(m.cfg.Folder)
	if err != nil {
		m.cfg.Log.Error("the runs of workflows cannot be listed", "err", err)
		return nil, nil
	}
	sweeps := m.cfg.Server.Sweeps()
	for _, e := range entries {
		id := e.Name()
		if !e.IsDir() || !plain.MatchString(id) {
			continue
		}
		h, over, err := m.stands(id)
		switch {
		case errors.Is(err, os.ErrNotExist): // the process was killed that was to begin it
		case err != nil:
			m.cfg.Log.Error("a run of a workflow cannot be read", "err", err)
		case h.Parent != "":
		case !over:
			open = append(open, h)
		case slices.ContainsFunc(sweeps, func(sw *server.Sweep) bool { return IsStep(id, sw.ID()) }):
			ended = append(ended, id)
		}
	}
	slices.SortStableFunc(open, func(a, b run.Header) int { return cmp.Compare(b.Created, a.Created) })
	return open, ended
}
