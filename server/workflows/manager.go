package workflows

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// Config says what a Manager is over. Folder, Server and Bucket are required.
type Config struct {
	Folder  string // of all runs; only its owner may read it
	Server  *server.Server
	Bucket  bucket.Bucket // of its results
	Results string        // where those lie: an absolute folder, or s3://bucket/prefix; empty: artifacts are not fetched
	Version string        // of this program
	Fence   func() error  // as of server.Config
	Log     *slog.Logger  // nil: none
}

// Manager works on the runs of a server, each until it has ended. Its methods may be called from any goroutine.
type Manager struct {
	cfg   Config
	ctx   context.Context // ends when the manager closes
	leave context.CancelFunc
	group sync.WaitGroup

	nested *run.Places // of runs that are steps of others

	mu struct {
		sync.Mutex
		live      map[string]*live
		taken     map[string]bool // ids that are being begun, gone on with, or deleted
		kept      map[string]keptInfo
		nestedOf  map[string]*run.Places         // by owner, of those who are not this process's user
		manifests map[*server.Sweep]*store.Sweep // of sweeps that have ended, as a former process has written them
		told      func(Change)                   // nil: nobody hears
	}
}

// Errors of what is asked of runs.
var (
	ErrUnknown = errors.New("there is no such run of a workflow")
	ErrStep    = errors.New("there is no such step in the run")
	ErrEnded   = errors.New("the run has ended")
	ErrAtWork  = errors.New("the run is at work")
	ErrExists  = errors.New("there is a run of that id")
	ErrTooMany = errors.New("too many runs are at work")
	ErrClosed  = errors.New("the server is closing")
)

// New makes the folder of runs. Start goes on with what has not ended there.
func New(cfg Config) (*Manager, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(cfg.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of runs: %w", err)
	}
	m := &Manager{cfg: cfg, nested: run.NewPlaces(mostNested, nil)}
	m.mu.live, m.mu.taken, m.mu.kept = map[string]*live{}, map[string]bool{}, map[string]keptInfo{}
	m.mu.nestedOf, m.mu.manifests = map[string]*run.Places{}, map[*server.Sweep]*store.Sweep{}
	m.ctx, m.leave = context.WithCancel(context.Background())
	return m, nil
}

// Start goes on with all runs that have not ended. From then on told hears what changes, from any goroutine; it must not block.
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

// unfinished are the runs that have not ended, the newest first, and those that have and whose steps the server still has as sweeps. It
// holds one run at a time, and reads no log of those whose end is kept in short.
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

// stands is what was started, and whether it has ended.
func (m *Manager) stands(id string) (h run.Header, over bool, err error) {
	log, err := os.Stat(filepath.Join(run.Folder(m.cfg.Folder, id), run.LogFile))
	if err != nil {
		return h, false, err
	}
	if b, ok := run.ReadEnded(m.cfg.Folder, id, log); ok {
		return b.Header, true, nil
	}
	r, err := run.Read(m.cfg.Folder, id, false)
	if err != nil {
		return h, false, err
	}
	h, over = r.Header, r.View.State.Ended()
	if over && !r.Live {
		m.keepEndedAt(log, Info{Header: h, View: r.View, Counts: countsOf(r.View)})
	}
	h.Source = ""
	return h, over, nil
}

// keepEnded keeps in short how a run has ended, on which nobody else works.
func (m *Manager) keepEnded(one Info) {
	if info, err := os.Stat(filepath.Join(run.Folder(m.cfg.Folder, one.Header.Run), run.LogFile)); err == nil {
		m.keepEndedAt(info, one)
	}
}

func (m *Manager) keepEndedAt(log os.FileInfo, one Info) {
	if err := run.KeepEnded(m.cfg.Folder, one.Header.Run, log, run.Brief{Header: one.Header, View: one.View, Counts: one.Counts}); err != nil {
		m.cfg.Log.Warn("a log will be read again", "err", err)
	}
}

// Close leaves all runs as they are, to be gone on with by the next Start. It must come before the server's.
func (m *Manager) Close() {
	m.mu.Lock()
	m.leave()
	m.mu.Unlock()
	m.group.Wait()
}

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

// header is what was started.
func (m *Manager) header(id string) (run.Header, error) {
	if !plain.MatchString(id) {
		return run.Header{}, ErrUnknown
	}
	h, err := run.ReadHeader(m.cfg.Folder, id)
	if errors.Is(err, os.ErrNotExist) {
		err = ErrUnknown
	}
	return h, err
}

// working is the work on a run; nil: nobody works on it.
func (m *Manager) working(id string) *live {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mu.live[id]
}

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

// configOf is what a run of an origin gets. Those who may read no file but their own have nothing of this process's user either.
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
			l.m.keepEnded(Info{Header: l.run.Header(), View: view, Counts: countsOf(view)})
		}
		l.m.release(l.id)
	}
	l.m.mu.Lock()
	delete(l.m.mu.live, l.id)
	l.m.mu.Unlock()
	close(l.ended)
}

// release has the server forget the sweeps of the steps of a run that has ended: their ends are durable in its log, and they cost memory.
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

// tell tells who hears.
func (m *Manager) tell(c Change) {
	m.mu.Lock()
	told := m.mu.told
	m.mu.Unlock()
	if told != nil {
		told(c)
	}
}
