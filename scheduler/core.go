package scheduler

import (
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/scheduler/health"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// Core is the scheduler as a pure state machine: no clock, no goroutine, no I/O. One goroutine calls it: Step,
// Do and Tick for what happens, Pack after a burst of them, Ready to learn what must happen.
type Core struct {
	cfg   Config
	now   time.Time
	ready Ready

	framework      cluster.FrameworkID
	connected      bool
	connectedSince time.Time
	disconnectedAt time.Time
	masterSince    time.Time // since when there has been a master but for breaks shorter than shortBreak
	offeredSince   bool      // an offer has come since
	suppressed     bool      // nobody needs offers
	revived        time.Time // last REVIVE
	resourcesFreed bool      // attempts ended since

	queues      []fairness.Queue // that sweeps share the cluster by
	preempted   preemption       // the last
	runs        map[string]*run
	order       []*run // by submission
	touched     []*run // by this step; see advance
	submissions uint64 // of the last sweep submitted
	live        attempts
	tasks       map[cluster.TaskID]*placement // what live attempts are to the cluster
	orphans     map[cluster.TaskID]*orphan
	held        []heldUpdate // that came before points which precede theirs
	// updates in a row, of tasks that are no live attempts, that could not be read
	unread    map[cluster.TaskID]int
	streams   streams                                 // of updates: one for each executor that attempts are alive on
	health    health.Tracker                          // which agents get work
	executors map[journal.ExecutorKey]runningExecutor // shared executors we started, by the ids Mesos knows
	current   map[executorRole]offers.ExecutorID      // of them, the one that new tasks go to
	confirmed confirmedExecutors
	shared    map[offers.ExecutorID]sharedExecutor
	timers    timer.Queue

	passDue   time.Time // when a timer will make a pass due; zero: none will
	packDue   bool      // something changed since the last pass
	hitsLeft  bool      // trials wait for the next pass only because so many have ended as cached in this one
	recalling bool      // a timer will ask bundles on cordoned agents again for what has not begun
	moving    bool      // a timer will look again at what was to be moved
	// explicit reconciliations since every task was last answered for; drives their back-off
	explicitTries     int
	explicitScheduled bool // an explicit reconciliation is scheduled
	implicitScheduled bool // the implicit reconciliation is scheduled
}

// executorRole is what executors of one agent have in common when a task may go to any of them: how they are started,
// and the role they are allocated to.
type executorRole struct {
	agent   offers.AgentID
	variant offers.ExecutorID // an id of executorSpec.ids
	role    string            // empty: "*"
}

// runningExecutor is a shared executor on an agent.
type runningExecutor struct {
	executorRole
	resources []offers.Amount // what it was started with, which every later task of it must repeat
}

// preemption is what is known of the last time that trials were ended for others.
type preemption struct {
	next time.Time     // not before
	owed int           // tasks, then
	wait time.Duration // after it
}

// NewCore makes a core that knows nothing yet.
func NewCore(cfg Config) *Core {
	cfg = cfg.withDefaults()
	return &Core{
		cfg:       cfg,
		queues:    cfg.Queues,
		runs:      map[string]*run{},
		tasks:     map[cluster.TaskID]*placement{},
		orphans:   map[cluster.TaskID]*orphan{},
		unread:    map[cluster.TaskID]int{},
		streams:   streams{of: map[journal.ExecutorKey]*stream{}},
		health:    health.New(cfg.UnprovenCap, cfg.Executor.unsupported),
		executors: map[journal.ExecutorKey]runningExecutor{},
		current:   map[executorRole]offers.ExecutorID{},
		confirmed: confirmedExecutors{},
		shared:    map[offers.ExecutorID]sharedExecutor{},
	}
}

// Ready hands over what must happen, and forgets it. Launches come first among the calls: a call waits for the answer
// to the one before it in its lane, and nothing waits for an acknowledgement as an idle agent waits for work. A launch
// follows from nothing else in its Ready but the journal, and the KILL of its task, if there is one, comes after it
// still.
func (c *Core) Ready() Ready {
	r := c.ready
	c.ready = Ready{}
	slices.SortStableFunc(r.Calls, func(a, b cluster.Call) int { return launchesFirst(a) - launchesFirst(b) })
	return r
}

func launchesFirst(call cluster.Call) int {
	if _, launch := call.(cluster.Accept); launch {
		return 0
	}
	return 1
}

// Due is when the next Tick has something to do; zero: never, until another event comes.
func (c *Core) Due() time.Time { return c.timers.Next() }

func (c *Core) clock(now time.Time) {
	if now.After(c.now) {
		c.now = now
	}
}

// connectedFor reports whether the connection to the master has lasted at least wait, long enough for agents to have
// resent what was not acknowledged.
func (c *Core) connectedFor(wait time.Duration) bool {
	return c.connected && !c.now.Before(c.connectedSince.Add(wait))
}

// shortBreak is how long the master may be away with little meanwhile that it does not tell afterwards: proxies end
// streams after a time.
const shortBreak = time.Minute

// heardFor reports whether for some time a task would have been heard of, were it in reach and over: there was a master
// all the time, or but for short breaks, since the last of which it was asked and has said how the task is.
func (c *Core) heardFor(p *placement, wait time.Duration) bool {
	return c.connectedFor(wait) || c.connected && p.answered && !c.now.Before(c.masterSince.Add(wait))
}

func (c *Core) journal(e journal.Entry) { c.ready.Journal = append(c.ready.Journal, e) }

func (c *Core) call(call cluster.Call) { c.ready.Calls = append(c.ready.Calls, call) }

func (c *Core) note(n Notice) { c.ready.Notices = append(c.ready.Notices, n) }

func (c *Core) register(run *run) {
	c.runs[run.id] = run
	c.order = append(c.order, run)
}

// requestOffers makes the next pass see all offers there are: filters set while other work waited would hide some.
func (c *Core) requestOffers() {
	c.packDue = true
	c.resourcesFreed = true
	c.revived = time.Time{}
}

// passAt makes a pass due at a later time. Of several times the earliest counts: that pass asks again for the later
// ones.
func (c *Core) passAt(at time.Time) {
	if !c.passDue.IsZero() && !at.Before(c.passDue) {
		return
	}
	c.passDue = at
	c.timers.Set(at, func(time.Time) {
		if c.passDue.Equal(at) {
			c.passDue, c.packDue = time.Time{}, true
		}
	})
}

// orphan is a task of our framework that runs though the core does not believe in it: an attempt given up for
// lost that came back, or one of a sweep this journal never held. It is killed until it ends.
type orphan struct {
	agent offers.AgentID
	kills int
	next  time.Time
}

// confirmedExecutors is the shared executors that have shown themselves, by agent, in that order.
type confirmedExecutors map[offers.AgentID][]offers.ExecutorID

func (s confirmedExecutors) on(k journal.ExecutorKey) bool {
	return slices.Contains(s[k.Agent], k.Executor)
}

// heldUpdate is a status update, read; in Core.held one that waits.
type heldUpdate struct {
	status cluster.Status
	report task.Report
	since  time.Time
	until  time.Time // when it is taken in whatever is missing; zero: not by time
}

// streams is what is known of the streams of updates.
type streams struct {
	of      map[journal.ExecutorKey]*stream
	retells bool // a timer will tell executors of the interval
}

// stream is that of one executor.
type stream struct {
	attempts []*attempt    // alive, in order of launch
	silent   *attempt      // of them, the one found last whose last word is awaited; nil: none was
	told     time.Duration // the interval that it goes by; 0: unknown
	received uint64        // the last receipt
	damaged  bool          // a report of it could not be read: points may be missing for good
}

// speaker is the attempt that an update of a task is of, as far as that says nothing else; nil: the task is not
// believed in.
func (c *Core) speaker(task cluster.TaskID) *attempt {
	if p := c.tasks[task]; p != nil {
		return p.first()
	}
	return nil
}

// parallel is the scheduler's own bound on the attempts of a sweep at one time; 0: none.
func (c *Core) parallel(id string) int {
	if c.cfg.Parallel == nil {
		return 0
	}
	return c.cfg.Parallel(id)
}
