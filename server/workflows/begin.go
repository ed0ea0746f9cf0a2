package workflows

import (
	"context"
	"errors"
	"os"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// Submission is a workflow to be run.
type Submission struct {
	ID       string // that no other run has; empty: a new one
	Workflow *workflow.Workflow
	Given    map[string]any // parameters, as Bind has them
	Origin   run.Origin
}

// Submit begins a run. When it returns the run's log has it.
func (m *Manager) Submit(sub Submission) (id string, err error) {
	if id = sub.ID; id == "" {
		id = run.NewID(run.NameOf(sub.Workflow))
	}
	return id, m.begin(id, sub.Origin, func(cfg run.Config) (*run.Run, error) {
		r, err := run.Create(cfg, id, "", sub.Workflow, sub.Given)
		if errors.Is(err, os.ErrExist) {
			err = ErrExists
		}
		return r, err
	})
}

// Resume goes on with a run on which nobody works.
func (m *Manager) Resume(id string) error {
	h, err := m.header(id)
	if err != nil {
		return err
	}
	m.Settle(id)
	return m.begin(id, h.Origin, func(cfg run.Config) (*run.Run, error) {
		r, err := run.Open(cfg, id)
		if err == nil && r.View(false).State.Ended() {
			return nil, errors.Join(ErrEnded, r.Close())
		}
		return r, err
	})
}

// Restart runs again what failed of a run that has ended, or all from the named steps on, with other parameters.
func (m *Manager) Restart(id string, names []string, parameters map[string]any) error {
	h, err := m.header(id)
	if err != nil {
		return err
	}
	m.Settle(id)
	return m.begin(id, h.Origin, func(cfg run.Config) (*run.Run, error) {
		r, err := run.Open(cfg, id)
		if err != nil {
			return nil, err
		}
		if err := r.Restart(names, parameters); err != nil {
			return nil, errors.Join(&RefusedError{err}, r.Close())
		}
		return r, nil
	})
}

// RefusedError is what a run says of what cannot be.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }
func (e *RefusedError) Unwrap() error { return e.Err }

// begin has a run be worked on.
func (m *Manager) begin(id string, origin run.Origin, open func(run.Config) (*run.Run, error)) error {
	if err := m.take(id, origin); err != nil {
		return err
	}
	defer m.give(id)
	l := &live{m: m, id: id, ended: make(chan struct{})}
	r, err := open(m.configOf(origin, l))
	if err != nil {
		return err
	}
	l.run = r
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ctx.Err() != nil {
		return errors.Join(ErrClosed, r.Close())
	}
	delete(m.mu.kept, id)
	m.mu.live[id] = l
	m.group.Go(crash.Func(l.work))
	m.group.Go(crash.Func(l.watch))
	return nil
}

// configOf is what a run of an origin gets. Those who may read no file but their own have nothing of this process's
// user either.
func (m *Manager) configOf(origin run.Origin, l *live) run.Config {
	cluster := &Cluster{
		Server: m.cfg.Server, Bucket: m.cfg.Bucket, Queue: origin.Queue, Queues: origin.Queues, Logs: true,
		Origin: server.Origin{Owner: origin.Owner, Labels: append([]string{ofRun + l.id}, origin.Labels...)},
	}
	cfg := run.Config{
		Folder: m.cfg.Folder, Results: m.cfg.Results, Version: m.cfg.Version, Fence: m.cfg.Fence,
		Cluster: cluster, Stored: cluster.Stored, Told: l.said, Origin: origin, Nested: m.placesOf(origin),
	}
	cfg.Late = func(late run.Late) { m.TellLate(late, engine.Running) }
	if origin.Within != "" {
		none := func(string) (string, bool) { return "", false }
		cfg.Environment, cfg.Secret, cfg.Admit = none, none, foreign{origin.Within}.admit
		cluster.Environment, cluster.Within = none, origin.Within
		cluster.Results = m.cfg.Results
	}
	return cfg
}

// work works on a run until it has ended or the manager closes.
func (l *live) work() {
	view, err := l.run.Work(l.m.ctx)
	if err != nil && l.m.ctx.Err() == nil {
		l.m.cfg.Log.Error("a run of a workflow was left", "run", l.id, "err", err)
		l.hear("", nil, "nobody works on it any more: "+err.Error())
	}
	if err == nil {
		if view.State.Ended() {
			l.m.keepEnded(l.run.Brief())
		}
		l.m.release(l.id)
	}
	l.m.mu.Lock()
	delete(l.m.mu.live, l.id)
	l.m.mu.Unlock()
	close(l.ended)
}

// release has the server forget the sweeps of the steps of a run that has ended: their ends are durable in its log, and
// they cost memory.
func (m *Manager) release(id string) {
	for _, sw := range m.cfg.Server.Sweeps() {
		if !IsStep(id, sw.ID()) {
			continue
		}
		ctx, cancel := context.WithTimeout(m.ctx, lastWords) // results that are away may keep what was canceled
		err := m.cfg.Server.Release(ctx, sw.ID())
		cancel()
		if err != nil && m.ctx.Err() == nil {
			m.cfg.Log.Warn("a step's sweep is not forgotten", "sweep", sw.ID(), "err", err)
		}
	}
}
