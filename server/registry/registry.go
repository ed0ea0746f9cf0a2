package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// Runs are the runs of a server, as workflows.Manager has them.
type Runs interface {
	Submit(sub workflows.Submission) (string, error)
	Get(id string) (workflows.Info, error)
	Ask(ctx context.Context, id string, q run.Request) error
	// AtWork are the runs of a registered workflow that are worked on, less those of backfills, or those of backfills
	// alone.
	AtWork(registered string, backfill bool) []string
	// Succeeded are the runs of a registered workflow that have succeeded behind a time, in milliseconds since 1970,
	// the first first, but those that are known.
	Succeeded(registered string, since int64, known func(run, owner string, ended int64) bool) []workflows.Success
	// TellLate tells that a run is late that waits to begin.
	TellLate(l run.Late, state engine.State)
	// EndedSweeps are the sweeps of somebody that have ended, the first first, but those that are known.
	EndedSweeps(ctx context.Context, owner string, want workflow.Sweeps,
		known func(sweep string, ended int64) bool) ([]workflows.SweepEnd, error)
}

// Config says what a Registry is over. Folder and Runs are required.
type Config struct {
	Folder string // only its owner may read it
	Runs   Runs
	Log    *slog.Logger     // nil: none
	Now    func() time.Time // nil: the clock
	// Find is how files are looked for; nil: run.Find.
	Find func(ctx context.Context, pattern string) ([]run.Found, error)
	// May says into which queues triggers of somebody begin runs, who was known in some way, nil: into any, and why
	// they begin none any more; nil: those of all begin them into any.
	May func(owner, knownBy string) (queues *[]string, err error)
	// asked behind each write; its error, that another process goes on with the workflows, ends what follows. nil: none
	// does
	Fence func() error
}

// Registry has the registered workflows of a server. Its methods may be called from any goroutine.
type Registry struct {
	cfg   Config
	ctx   context.Context // ends when it closes
	leave context.CancelFunc
	group sync.WaitGroup
	wake  chan struct{} // capacity 1: something may be due
	ends  atomic.Uint64 // sweeps that have ended

	mu     sync.Mutex
	all    map[string]*entry
	unread map[string]error // names of those whose folders are there but could not be read, and why
}

// Errors of what is asked.
var (
	ErrUnknown = errors.New("no workflow is registered under that name")
	ErrUnread  = errors.New("what is registered under that name cannot be read")
	ErrVersion = errors.New("there is no such version")
	ErrOwner   = errors.New("it is another's")
	ErrFull    = errors.New("too many wait")
	ErrSkipped = errors.New("another run is at work")
)

// mostWorkflows is how many may be registered, mostOfOne how many of them by one who is not this process's user.
const (
	mostWorkflows = 10_000
	mostOfOne     = 1000
)

// Open reads what is registered in a folder, which it makes. Start begins what is due.
func Open(cfg Config) (*Registry, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Find == nil {
		cfg.Find = run.Find
	}
	if err := durable.MakeFolder(cfg.Folder); err != nil {
		return nil, fmt.Errorf("make the folder of registered workflows: %w", err)
	}
	r := &Registry{cfg: cfg, wake: make(chan struct{}, 1), all: map[string]*entry{}, unread: map[string]error{}}
	r.ctx, r.leave = context.WithCancel(context.Background())
	found, err := os.ReadDir(cfg.Folder)
	if err != nil {
		return nil, err
	}
	for _, one := range found {
		if !one.IsDir() || !names.MatchString(one.Name()) {
			continue
		}
		folder := filepath.Join(cfg.Folder, one.Name())
		if _, err := os.Lstat(filepath.Join(folder, stateFile)); errors.Is(err, os.ErrNotExist) {
			continue // its registration or removal was cut off
		}
		e, err := load(folder)
		if err != nil {
			r.unread[one.Name()] = err
			cfg.Log.Error("a registered workflow cannot be read", "workflow", one.Name(), "err", err)
			continue
		}
		e.fence, r.all[e.Name] = cfg.Fence, e
	}
	return r, nil
}

// Close leaves all as it is. It must come before that of the runs.
func (r *Registry) Close() {
	r.mu.Lock()
	r.leave()
	r.mu.Unlock()
	r.group.Wait()
}

// Heard takes in what has become true of a run. It does not block.
func (r *Registry) Heard(c workflows.Change) {
	if c.Kind == workflows.RunChanged {
		r.again()
	}
}

// HeardSweep takes in what the scheduler tells. It does not block.
func (r *Registry) HeardSweep(n scheduler.Notice) {
	if end, ok := n.(scheduler.SweepEnded); ok && !end.Resumed {
		r.ends.Add(1)
		r.again()
	}
}

// again has the loop look once more.
func (r *Registry) again() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// lookEvery is how long the loop sleeps at most: clocks are set, and machines suspended.
const lookEvery = 10 * time.Second

// open refuses what is asked of one that is closed. r.mu is held.
func (r *Registry) open() error {
	if r.ctx.Err() != nil {
		return workflows.ErrClosed
	}
	return nil
}

// sorted are all, by name. r.mu is held.
func (r *Registry) sorted() []*entry {
	list := make([]*entry, 0, len(r.all))
	for _, e := range r.all {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *entry) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// find is a workflow by its name. r.mu is held.
func (r *Registry) find(name string) (*entry, error) {
	if e := r.all[name]; e != nil {
		return e, nil
	}
	if r.unread[name] != nil {
		return nil, fmt.Errorf("%w: %s: the log of the server says why; whoever runs it mends the folder %s/%s "+
			"of its state, or moves it away, and restarts it",
			ErrUnread, name, filepath.Base(r.cfg.Folder), name)
	}
	return nil, fmt.Errorf("%w: %.100s", ErrUnknown, name)
}
