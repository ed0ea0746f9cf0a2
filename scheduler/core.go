package scheduler

import (
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
)

// Core is the scheduler as a pure state machine: no clock, no goroutine, no I/O. One goroutine calls it: Step,
// Do and Tick for what happens, Pack after a burst of them, Ready to learn what must happen.
type Core struct {
	cfg   Config
	now   time.Time
	ready Ready

	framework  cluster.FrameworkID
	connected  bool
	suppressed bool
	revived    time.Time // last REVIVE
	freed      bool      // attempts ended since

	runs    map[string]*sweepRun
	order   []*sweepRun // by submission
	numbers uint64      // of the last sweep submitted
	live    attempts
	strays  map[cluster.TaskID]*stray
	agents  map[offers.AgentID]*agent
	guard   guard
	workers map[journal.ExecutorKey]worker   // shared executors we started, by the ids Mesos knows
	current map[workerRole]offers.ExecutorID // of them, the one that new tasks go to
	seen    seenExecutors
	shared  map[offers.ExecutorID]sharedExecutor
	timers  timer.Queue

	passSet  bool // a timer will make a pass due
	packDue  bool // something changed since the last pass
	silence  int  // explicit reconciliations in a row without an answer from everyone
	asking   bool // an explicit reconciliation is scheduled
	reciting bool // the implicit reconciliation is scheduled
}

// workerRole is what executors of one agent have in common when a task may go to any of them: how they are started, and
// the role they are allocated to.
type workerRole struct {
	agent   offers.AgentID
	variant offers.ExecutorID // an id of outfit.ids
	role    string            // empty: "*"
}

// worker is a shared executor on an agent.
type worker struct {
	workerRole
	resources []offers.Amount // what it was started with, which every later task of it must repeat
}

// NewCore makes a core that knows nothing yet.
func NewCore(cfg Config) *Core {
	return &Core{
		cfg:     cfg.withDefaults(),
		runs:    map[string]*sweepRun{},
		strays:  map[cluster.TaskID]*stray{},
		agents:  map[offers.AgentID]*agent{},
		guard:   newGuard(),
		workers: map[journal.ExecutorKey]worker{},
		current: map[workerRole]offers.ExecutorID{},
		seen:    seenExecutors{},
		shared:  map[offers.ExecutorID]sharedExecutor{},
	}
}

// Step takes one event in. It never blocks and never fails: what is wrong with an event becomes a notice.
// A clock that runs backwards stands still instead.
func (c *Core) Step(now time.Time, ev cluster.Event) {
	c.clock(now)
	switch ev := ev.(type) {
	case cluster.Subscribed:
		c.subscribed(ev)
	case cluster.Disconnected:
		c.disconnected(ev)
	case cluster.Rejected:
		c.connected = false
		c.note(Barred(ev))
	case cluster.Offered:
		c.offered(ev)
	case cluster.Rescinded:
		c.cfg.Packer.Rescind(ev.Offer)
	case cluster.Updated:
		c.updated(ev.Status)
	case cluster.AgentGone:
		c.agentGone(ev)
	case cluster.ExecutorGone:
		c.executorGone(ev)
	case cluster.ExecutorMessage:
		c.said(ev)
	case cluster.Undelivered:
		c.undelivered(ev)
	default:
		c.note(Trouble{Message: fmt.Sprintf("event of unknown type %T", ev)})
	}
}

// Tick says that time passed: it does what is due. Whoever runs the core calls it by Due, and at least every second.
func (c *Core) Tick(now time.Time) {
	c.clock(now)
	c.timers.Run(c.now)
}

// Do takes one command in. One that makes no sense changes nothing: validate says why to those who ask first.
func (c *Core) Do(now time.Time, cmd Command) {
	c.clock(now)
	switch ev := cmd.(type) {
	case Submit:
		c.submit(ev)
	case Stop:
		c.stopSweep(ev)
	case StopTrial:
		c.stopTrial(ev)
	case Pause:
		c.pause(ev.Sweep, true)
	case Resume:
		c.pause(ev.Sweep, false)
	case Retry:
		c.retry(ev)
	case Tell:
		c.tell(ev)
	case Stored:
		c.stored(ev)
	case Won:
		c.won(ev)
	default:
		c.note(Trouble{Message: fmt.Sprintf("command of unknown type %T", cmd)})
	}
}

// Ready hands over what must happen, and forgets it.
func (c *Core) Ready() Ready {
	r := c.ready
	c.ready = Ready{}
	return r
}

// Due is when the next Tick has something to do; zero: never, until another event comes.
func (c *Core) Due() time.Time { return c.timers.Next() }

func (c *Core) clock(now time.Time) {
	if now.After(c.now) {
		c.now = now
	}
}

func (c *Core) journal(e journal.Entry) { c.ready.Journal = append(c.ready.Journal, e) }

func (c *Core) call(call cluster.Call) { c.ready.Calls = append(c.ready.Calls, call) }

func (c *Core) note(n Notice) { c.ready.Notices = append(c.ready.Notices, n) }

// submit takes a sweep. A second submission of the same id changes nothing, so clients may repeat themselves.
func (c *Core) submit(ev Submit) {
	if c.runs[ev.ID] != nil {
		c.note(SubmitRefused{Sweep: ev.ID, Err: fmt.Errorf("submit %s: %w", ev.ID, ErrExists)})
		return
	}
	run, err := c.open(ev.ID, ev)
	if err == nil {
		run.outfit, err = c.outfit(ev.ID, ev.Spec)
	}
	if err != nil {
		c.note(SubmitRefused{Sweep: ev.ID, Err: err})
		return
	}
	c.numbers++
	run.kept = journal.SweepEntry{
		ID: ev.ID, Number: c.numbers, File: ev.Spec.File, Source: ev.Spec.Source, Seed: ev.Spec.Seed,
		Overrides: ev.Overrides, Submitted: c.now, Phase: sweep.PhaseActive, BestTrial: -1,
		KeepTrials: run.study.Learns(),
	}
	c.adopt(run)
	c.keep(run)
	c.note(SweepStarted{Sweep: ev.ID, Spec: ev.Spec, At: c.now})
	c.work(run)
	c.workArrived()
}

func (c *Core) open(id string, ev Submit) (*sweepRun, error) {
	study, err := c.cfg.Studies(id, ev.Spec)
	if err != nil {
		return nil, fmt.Errorf("take sweep %s: %w", id, err)
	}
	return newSweepRun(id, ev.Spec, study)
}

func (c *Core) adopt(run *sweepRun) {
	c.runs[run.id] = run
	c.order = append(c.order, run)
}

// drop forgets the oldest ended sweeps beyond those kept.
func (c *Core) drop() {
	ended := 0
	for _, r := range c.order {
		if r.kept.Phase.Ended() {
			ended++
		}
	}
	for i := 0; ended > c.cfg.KeptSweeps && i < len(c.order); {
		r := c.order[i]
		if !r.kept.Phase.Ended() || r.kept.Stored < r.records {
			i++
			continue
		}
		c.order = slices.Delete(c.order, i, i+1)
		delete(c.runs, r.id)
		c.journal(journal.DeleteEntry{Sweep: r.id})
		ended--
	}
}

// pause holds a sweep's waiting trials back, or lets them go.
func (c *Core) pause(id string, paused bool) {
	run := c.runs[id]
	if run == nil || run.kept.Phase.Ended() || run.kept.Paused == paused {
		return
	}
	run.kept.Paused = paused
	if paused {
		c.rest(run)
	} else {
		c.work(run)
	}
	c.keep(run)
	c.workArrived()
}

// stored lets the journal forget what the bucket holds.
func (c *Core) stored(ev Stored) {
	run := c.runs[ev.Sweep]
	through := ev.Through
	if run == nil {
		return
	}
	through = min(through, run.records)
	if through <= run.kept.Stored {
		return
	}
	run.kept.Stored = through
	c.journal(journal.TruncateEntry{Sweep: ev.Sweep, Through: through})
}

// workArrived makes the next pass see all offers there are: filters set while other work waited would hide some.
func (c *Core) workArrived() {
	c.packDue = true
	c.freed = true
	c.revived = time.Time{}
}
