package run

import (
	"context"
	"sync"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Config is what runs need around them.
type Config struct {
	Folder  string // of all runs
	Cluster steps.Cluster
	Version string // of this program

	// Results is where what steps leave lies: an absolute folder, or s3://bucket/prefix. Empty: artifacts are not
	// fetched.
	Results string
	// Stored tells whether the results still have all of some files, by name. nil: they are not asked.
	Stored func(ctx context.Context, files []string) (bool, error)

	Origin Origin  // of runs that are begun
	Nested *Places // of runs that are steps of others; nil: 1,000 for each run that is none
	begun  *begun  // of the outermost run

	// Secret is a secret parameter, when a run is gone on with. nil: a variable of the environment.
	Secret func(name string) (string, bool)
	// Environment is what templates have as ${envvar.X}. nil: this process's.
	Environment func(string) (string, bool)

	// Told hears what attempts say; it may be called by any goroutine. nil: nobody hears.
	Told func(key string, p steps.Progress)
	// Late hears once that a run is late, when that is durable, also of those that are steps; it must not block. nil:
	// nobody hears.
	Late func(l Late)

	// Admit refuses attempts by all that they are given. nil: none.
	Admit func(c *steps.Call, about steps.Description) error
	// Fence is asked behind each write of a log; its error, that another process goes on with the runs, ends the work.
	// nil: none does.
	Fence func() error
}

// Late is a run that is not done by when it was to be.
type Late struct {
	Header Header
	SLA    string // for people, as 2h or 06:00 UTC
	Due    int64  // when it was to be done, in milliseconds since 1970
	At     int64  // when that was noted
}

// Run is a run that this process works on. Its methods may be called by any goroutine, once Work was called.
type Run struct {
	cfg    Config
	header Header
	flow   *workflow.Workflow
	folder string
	secret secrets
	log    *log
	facts  *facts
	talk   *talk

	ended chan engine.Event // from attempts; capacity 64, they wait when it is full
	quit  chan struct{}     // closed when nobody reads ended any more

	closing context.Context // ends when quit is closed
	close   context.CancelFunc
	group   sync.WaitGroup
	broken  chan error // capacity 1: the cluster is gone

	live           attempts
	queue          queue
	endedUnstarted []engine.Event // ends of attempts that never ran
	inbox          inbox
	sums           sums // of files that steps with a cache name

	mu       sync.Mutex // guards what follows
	engine   *engine.Engine
	tally    tally
	progress map[string]steps.Progress // the last of attempts that run, by key
	change   chan struct{}             // closed, and made anew, when something has changed
}

func newRun(cfg Config, id string) *Run {
	if cfg.Told == nil {
		cfg.Told = func(string, steps.Progress) {}
	}
	if cfg.Nested == nil {
		cfg.Nested = NewPlaces(mostNested, nil)
	}
	if cfg.begun == nil {
		cfg.begun = &begun{folder: cfg.Folder, id: id, most: mostBegun}
	}
	closing, end := context.WithCancel(context.Background())
	return &Run{
		cfg: cfg, folder: Folder(cfg.Folder, id), closing: closing, close: end,
		ended: make(chan engine.Event, 64), quit: make(chan struct{}), broken: make(chan error, 1),
		live: attempts{all: map[string]*attempt{}}, queue: newQueue(), inbox: newInbox(),
		progress: map[string]steps.Progress{}, change: make(chan struct{}),
	}
}

// Header is what was started.
func (r *Run) Header() Header { return r.header }

// Workflow is what runs. It must not be changed.
func (r *Run) Workflow() *workflow.Workflow { return r.flow }

// View is how it stands.
func (r *Run) View(all bool) engine.View {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.header.promise(r.flow).view(r.engine, all)
}

// IsLate says whether it was noted that the run is late, and it goes on.
func (r *Run) IsLate() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	state, _ := r.engine.State()
	return !state.Ended() && r.header.promise(r.flow).late(r.engine) > 0
}

// Said is what attempts that run said last, by key.
func (r *Run) Said() map[string]steps.Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	said := make(map[string]steps.Progress, len(r.progress))
	for key, p := range r.progress {
		said[key] = p
	}
	return said
}

// Changed is closed when something has changed since it was asked for.
func (r *Run) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.change
}

func (r *Run) changed() {
	close(r.change)
	r.change = make(chan struct{})
}
