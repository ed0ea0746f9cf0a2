package workflows

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// List is how all runs stand, the newest first; those that are steps of others are left out. What cannot be read is
// left out, too, and says so when it is asked for.
func (m *Manager) List() ([]Info, error) {
	entries, err := os.ReadDir(m.cfg.Folder)
	if err != nil {
		return nil, err
	}
	list := []Info{}
	for _, e := range entries {
		if !e.IsDir() || !plain.MatchString(e.Name()) {
			continue
		}
		one, err := m.brief(e.Name())
		if err == nil && one.Header.Parent == "" {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b Info) int {
		return cmp.Or(cmp.Compare(b.Header.Created, a.Header.Created), strings.Compare(a.Header.Run, b.Header.Run))
	})
	return list, nil
}

// brief is a run without its steps.
func (m *Manager) brief(id string) (Info, error) {
	info, err := os.Stat(filepath.Join(run.Folder(m.cfg.Folder, id), run.LogFile))
	if err != nil {
		return Info{}, err
	}
	m.mu.Lock()
	had, ok := m.mu.kept[id]
	working := m.mu.live[id] != nil
	m.mu.Unlock()
	if ok && !working && had.size == info.Size() && had.at.Equal(info.ModTime()) {
		return had.Info, nil
	}
	one := Info{}
	if working {
		one, err = m.Get(id)
		one.View.Steps, one.Header.Source = nil, ""
	} else {
		one.Brief, err = run.ReadBrief(m.cfg.Folder, id)
	}
	if err != nil {
		return one, err
	}
	if !one.Live {
		m.mu.Lock()
		m.mu.kept[id] = keptInfo{one, info.Size(), info.ModTime()}
		m.mu.Unlock()
	}
	return one, nil
}

// Get is how a run stands.
func (m *Manager) Get(id string) (Info, error) {
	if l := m.working(id); l != nil {
		return InfoNow(l.run), nil
	}
	r, err := m.read(id)
	if err != nil {
		return Info{}, err
	}
	return InfoOf(r), nil
}

func (m *Manager) read(id string) (*run.Record, error) {
	if !plain.MatchString(id) {
		return nil, ErrUnknown
	}
	r, err := run.Read(m.cfg.Folder, id, false)
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrUnknown
	}
	return r, err
}

// known is a run, live or read.
type known interface {
	Workflow() *workflow.Workflow
	Detail(key string) (run.Detail, bool)
	Iterations(name string) []engine.StepView
	Critical() []engine.Stretch
}

func (m *Manager) known(id string) (known, error) {
	if l := m.working(id); l != nil {
		return l.run, nil
	}
	return m.read(id)
}

// Workflow is what a run is of. It must not be changed.
func (m *Manager) Workflow(id string) (*workflow.Workflow, error) {
	r, err := m.known(id)
	if err != nil {
		return nil, err
	}
	return r.Workflow(), nil
}

// Critical are the steps that a run's length comes from.
func (m *Manager) Critical(id string) ([]engine.Stretch, error) {
	r, err := m.known(id)
	if err != nil {
		return nil, err
	}
	return r.Critical(), nil
}

// Step is all that is known of a step of a run, what was said by it and to it, and what its attempt that runs said
// last.
func (m *Manager) Step(id, key string) (run.Detail, []run.Said, *steps.Progress, error) {
	r, err := m.known(id)
	if err != nil {
		return run.Detail{}, nil, nil, err
	}
	d, ok := r.Detail(key)
	if !ok {
		return d, nil, nil, fmt.Errorf("%w: %s", ErrStep, key)
	}
	l := m.working(id)
	if l == nil {
		return d, run.Talk(m.cfg.Folder, id, key), nil, nil
	}
	var now *steps.Progress
	if p, ok := l.run.Said()[key]; ok {
		now = &p
	}
	return d, l.run.Talk(key), now, nil
}

// Talk is what was said in a run, by its steps and to them.
func (m *Manager) Talk(id string) ([]run.Said, error) {
	if l := m.working(id); l != nil {
		return l.run.Talk(""), nil
	}
	if _, err := m.header(id); err != nil {
		return nil, err
	}
	return run.Talk(m.cfg.Folder, id, ""), nil
}

// Iterations are how a step of a for-each stands in each iteration that has begun.
func (m *Manager) Iterations(id, name string) ([]engine.StepView, error) {
	r, err := m.known(id)
	if err != nil {
		return nil, err
	}
	if _, ok := r.Detail(name); !ok {
		return nil, fmt.Errorf("%w: %s", ErrStep, name)
	}
	return r.Iterations(name), nil
}

// Folders are those that runs may still need: of the files of their workflows, and what their steps may read. While a
// run cannot be read nobody knows which.
func (m *Manager) Folders() ([]string, error) {
	entries, err := os.ReadDir(m.cfg.Folder)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, e := range entries {
		if !e.IsDir() || !plain.MatchString(e.Name()) {
			continue
		}
		h, err := m.header(e.Name())
		switch {
		case errors.Is(err, ErrUnknown): // its beginning or deletion was cut off
			continue
		case err == nil && h.Version != 1:
			err = fmt.Errorf("its log has version %d, this kaon reads 1", h.Version)
		}
		if err != nil {
			return nil, fmt.Errorf("run %s of a workflow cannot be read: %w", e.Name(), err)
		}
		all = append(all, filepath.Dir(h.File))
	}
	return all, nil
}

// taking is how long an answer waits for a run to have taken a request.
const taking = 2 * time.Second

// Ask has a run take a request; one on which nobody works takes it when it is gone on with. It returns when the run has
// taken it, or keeps it for later.
func (m *Manager) Ask(ctx context.Context, id string, q run.Request) error {
	one, err := m.Get(id)
	if err != nil {
		return err
	}
	if one.View.State.Ended() {
		return fmt.Errorf("%w: %s", ErrEnded, one.View.State)
	}
	if q.Step != "" {
		r, err := m.known(id)
		if err != nil {
			return err
		}
		if _, ok := r.Detail(q.Step); !ok {
			return fmt.Errorf("%w: %s", ErrStep, q.Step)
		}
	}
	file, err := run.Ask(m.cfg.Folder, id, q)
	if err != nil || !one.Live {
		return err
	}
	for until := time.Now().Add(taking); time.Now().Before(until); {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) || !timer.Sleep(ctx, 20*time.Millisecond) {
			return nil
		}
	}
	return nil
}

// stands is what was started, and whether it has ended.
func (m *Manager) stands(id string) (h run.Header, over bool, err error) {
	b, err := run.ReadBrief(m.cfg.Folder, id)
	return b.Header, b.View.State.Ended(), err
}

// keepEnded keeps in short how a run has ended, on which nobody else works.
func (m *Manager) keepEnded(one run.Brief) {
	info, err := os.Stat(filepath.Join(run.Folder(m.cfg.Folder, one.Header.Run), run.LogFile))
	if err != nil {
		return // it was deleted meanwhile
	}
	if err := run.KeepEnded(m.cfg.Folder, one.Header.Run, info, one); err != nil {
		m.cfg.Log.Warn("a log will be read again", "err", err)
	}
}
