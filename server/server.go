package server

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/scheduler/ledger"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/server/control"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/server/sampler"
	"github.com/kaon-sweep/kaon/server/staging"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// Server is one scheduler with all that it needs to run sweeps: a way to the cluster, a journal, and for
// each sweep a board and a writer that brings its records to the bucket. Its methods may be called from any
// goroutine, but not from Config.Notify.
type Server struct {
	cfg     Config
	made    []string // folders that were not there before, the innermost last
	journal *disk.Journal
	queues  *queues
	files   *transfer.Server // answers executors for the file servers of all sweeps
	cluster runningCluster
	driver  *lazyDriver
	loop    *scheduler.Loop
	control *control.Server // nil: this place has no sockets
	packer  *offers.Index
	cordons cordons

	ctx      context.Context // until Close
	cancel   context.CancelFunc
	group    sync.WaitGroup // goroutines that end with ctx
	loopDone chan struct{}
	share    sync.Once // joins the ledger of this machine

	finishCtx context.Context // of what sweeps that have ended leave behind; outlives ctx
	giveUp    context.CancelFunc
	finishing sync.WaitGroup

	fail   sync.Once
	failed chan struct{} // closed when the server cannot go on
	err    error         // why; to be read when failed is closed

	mu struct {
		sync.Mutex
		sweeps    map[string]*Sweep
		order     []string       // ids of sweeps, oldest first
		member    *ledger.Member // nil: it shares no machine, or not yet
		foreign   []string       // architectures without an executor that were told of
		connected bool
		changed   chan struct{} // closed, and made anew, when connected may be another
		closed    bool
	}
}

// Sweep is one sweep of a server, with what belongs to it alone: what its attempts are given, its board,
// and the writer of its records. Its methods may be called from any goroutine, but not from Config.Notify.
type Sweep struct {
	server     *Server
	id         string
	spec       atomic.Pointer[sweep.Spec]
	winner     *board.Winner // of the sweep that this one follows; nil: it follows none
	origin     Origin
	need       ledger.Need                     // what holds any trial of it
	sampler    atomic.Pointer[sampler.Sampler] // the program that chooses points; nil: none does
	staging    staging.Stage
	over       bool                       // it had ended when this process took it up: nothing of it runs
	given      task.Files                 // by staging, to attempts
	work       string                     // names what its trials do; empty: the spec has no `cache`
	memo       atomic.Pointer[store.Memo] // what was done of that already; nil likewise, and once it has ended
	image      task.Image
	prepared   atomic.Bool // board and writer are made
	discarded  sync.Once   // nothing is kept of it
	broken     error       // why it could not be run again, if it has ended
	lost       error       // what the results lack of it, if it has ended: nothing more of it is stored or removed
	damage     error       // what of it is damaged or missing, if it has ended; it is told
	unsearched bool        // what it started from is damaged, if it has ended: its search is not repeated
	guessed    bool        // its spec is a stand-in, likewise: nothing is stored or removed by it

	writer     *store.Writer
	writerDone chan struct{} // closed when the writer has ended; nil: it was not started
	made       bool          // its folder was not there before
	put        bool          // this process has put it into the bucket, where there was none of its id

	changing chan struct{} // capacity 1: full while a caller has it go on, or be forgotten

	manifest sync.Mutex // held while sweep.json is read and written back
	noted    bool       // that this process works on it, in sweep.json; with manifest held
	gone     bool       // sweep.json is not this server's any more, and may be deleted; with manifest held
	written  atomic.Pointer[store.Sweep]

	losses losses      // this and what follows is of the loop's goroutine alone
	own    map[int]int // by trial, the last attempt that this process has launched
	news   stepNews    // of the `then` step

	mu struct {
		sync.Mutex
		board       *board.Board
		extended    []journal.Extension // what was changed since it began
		waiting     string              // why nothing more runs; empty when all that waits is wanted to wait
		short       map[string]int      // how many trials wait, by one of Shortages; never changed, only replaced
		asked       []offers.Demand     // what they ask for, with their counts; never changed, only replaced
		endedBefore int                 // trials that had ended when this process began with it
		ending      chan struct{}
		over        scheduler.SweepEnded // when ending is closed
		stored      chan struct{}
		outcome     Outcome // this and err when stored is closed
		err         error
		trouble     error     // why the end is not stored yet; nil: it is, or it has not ended
		finishing   finishing // when ending is closed
		unremoved   error     // why what is not kept is still there
	}
}

// finishing is the storing of a sweep's end, and the removal of what it does not keep.
type finishing struct {
	stop context.CancelFunc
	over chan struct{} // closed when it is over; nil: it has not begun
}

// Outcome is how a sweep ended.
type Outcome struct {
	scheduler.SweepEnded
	Winner *board.Winner          // nil: there is none
	Early  map[sweep.StopRule]int // how many trials were ended early, by rule; nil: none
}

// Sweep is one of the server's sweeps. One that is being submitted is none before its parts are made.
func (s *Server) Sweep(id string) (*Sweep, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sw, known := s.mu.sweeps[id]
	if !known || !sw.prepared.Load() {
		return nil, false
	}
	return sw, true
}

// Sweeps are those that the server has, the oldest first: those of its journal, and those that were
// submitted since.
func (s *Server) Sweeps() []*Sweep {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Sweep, len(s.mu.order))
	for i, id := range s.mu.order {
		all[i] = s.mu.sweeps[id]
	}
	return all
}

// add takes a sweep among the server's.
func (s *Server) add(sw *Sweep) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch _, known := s.mu.sweeps[sw.id]; {
	case s.mu.closed:
		return scheduler.ErrClosed
	case known:
		return usage(fmt.Errorf("sweep %s: %w", sw.id, scheduler.ErrExists))
	case s.cfg.Only != "" && sw.id != s.cfg.Only:
		return usage(fmt.Errorf("sweep %s: the state folder %s is for sweep %s alone", sw.id, s.cfg.Folder,
			s.cfg.Only))
	}
	s.mu.sweeps[sw.id] = sw
	s.mu.order = append(s.mu.order, sw.id)
	return nil
}

// remove forgets a sweep of which nothing ran.
func (s *Server) remove(sw *Sweep) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.mu.sweeps, sw.id)
	s.mu.order = slices.DeleteFunc(s.mu.order, func(id string) bool { return id == sw.id })
}

// Place is where trials run, for people.
func (s *Server) Place() string { return s.cluster.name }

// Folder is where the server keeps its state.
func (s *Server) Folder() string { return s.cfg.Folder }

// CheckFeasible refuses a sweep of which trials would never start; see Cluster.CheckFeasible.
func (s *Server) CheckFeasible(ctx context.Context, spec *sweep.Spec) error {
	return s.cfg.Cluster.CheckFeasible(ctx, spec)
}

// feasibleWait is how long offers of a Mesos are taken for an answer.
const feasibleWait = 2 * time.Second

// FindInfeasible says which trials of a sweep no agent of the cluster could hold.
func (s *Server) FindInfeasible(ctx context.Context, spec *sweep.Spec) ([]plan.Infeasible, error) {
	return s.cfg.Cluster.FindInfeasible(ctx, spec, s.cfg.FrameworkName+" plan", feasibleWait)
}

// Done is closed when the server cannot go on; Err says why.
func (s *Server) Done() <-chan struct{} { return s.failed }

// Err is why the server cannot go on; nil while it can.
func (s *Server) Err() error {
	select {
	case <-s.failed:
		return s.err
	default:
		return nil
	}
}

func (s *Server) failWith(err error) {
	s.fail.Do(func() {
		s.err = classify(err)
		close(s.failed)
	})
}

func (s *Server) notify(n Notice) { s.cfg.Notify(n) }

// Do hands in a command about a sweep, as scheduler.Loop.Do does.
func (s *Server) Do(ctx context.Context, command scheduler.Command) error {
	return s.loop.Do(ctx, command)
}

// Snapshot is the state of all sweeps and agents.
func (s *Server) Snapshot(ctx context.Context) (scheduler.Snapshot, error) {
	return s.loop.Snapshot(ctx)
}

// Agents are what the packer knows of those that ever offered anything: what they have, and what is used of it. They
// must not be changed.
func (s *Server) Agents() []*offers.Agent { return s.packer.Agents() }

// Backlog is how much waits inside the scheduler.
func (s *Server) Backlog() scheduler.Backlog { return s.loop.Backlog() }

// Attempts are those that are alive.
func (s *Server) Attempts(ctx context.Context) ([]scheduler.AttemptStatus, error) {
	return s.loop.Attempts(ctx)
}

// mustHave is a sweep that the core asks about or tells of: it knows none that the server has not made ready
// before.
func (s *Server) mustHave(id string) *Sweep {
	sw, known := s.Sweep(id)
	if !known {
		panic(fmt.Sprintf("the scheduler has a sweep %s that the server does not know", id))
	}
	return sw
}

// folderOf is where the state of a sweep lies that the journal does not hold.
func (s *Server) folderOf(id string) string {
	if s.cfg.Only != "" {
		return s.cfg.Folder
	}
	return filepath.Join(s.cfg.Folder, state.SweepsFolder, id)
}
