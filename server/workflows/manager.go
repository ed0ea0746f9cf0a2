package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// Config says what a Manager is over. Folder, Server and Bucket are required.
type Config struct {
	Folder string // of all runs; only its owner may read it
	Server *server.Server
	Bucket bucket.Bucket // of its results
	// where those lie: an absolute folder, or s3://bucket/prefix; empty: artifacts are not fetched
	Results string
	Version string       // of this program
	Fence   func() error // as of server.Config
	Log     *slog.Logger // nil: none
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

// mostLive is how many runs are at work at once: each has some goroutines, and looks at its folder for requests.
const mostLive = 1000

// mostLiveOfOne is how many of them one submitter may have who is not this process's user: the others are to get on.
const mostLiveOfOne = 200

// mostNested and mostNestedOfOne are how many runs that are steps of others are open at once; what is beyond waits, but
// for one in each run.
const (
	mostNested      = mostLive
	mostNestedOfOne = mostLiveOfOne
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

// Close leaves all runs as they are, to be gone on with by the next Start. It must come before the server's.
func (m *Manager) Close() {
	m.mu.Lock()
	m.leave()
	m.mu.Unlock()
	m.group.Wait()
}

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

// tell tells who hears.
func (m *Manager) tell(c Change) {
	m.mu.Lock()
	told := m.mu.told
	m.mu.Unlock()
	if told != nil {
		told(c)
	}
}
