package scheduler

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/queue"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/sweep/search"
	"github.com/kaon-sweep/kaon/sweep/stop"
)

// mostLaunches bounds the attempts of a trial, as most ends by no fault of its own are on no budget. The number after
// the last is left for the record that says so.
const mostLaunches = math.MaxUint16 - 1

var errLaunches = fmt.Errorf("it has been launched %d times, and never came to an end of its own", mostLaunches)

// run is one sweep while the core knows it. A trial that waits costs three bytes; only live attempts and
// trials that failed before cost more.
type run struct {
	id         string
	spec       *sweep.Spec
	search     *search.Log        // gives the points
	builder    *task.Builder      // gives what attempts ask for and run
	stops      stops              // ends trials early
	race       *stop.Race         // orders and ends repeats; nil: they run in turn
	executor   executorSpec       // of the executors of its attempts
	entry      journal.SweepEntry // as the journal has it
	clockStart time.Time          // when its clock went on from entry.Elapsed; zero: it stands
	wallAt     time.Time          // of the timer that watches it
	queueOver  bool               // limits.queue has been looked at when it was due

	total    int
	states   []uint8  // sweep.State per trial; slot total is the `then` step
	attempts []uint16 // number of the last attempt, same slots
	counts   [sweep.Cached + 1]int

	queue   *queue.Queue // its trials that wait
	live    map[int]*attempt
	tasks   int                // that live attempts are, fewer where they are bundled
	used    resource.Resources // by them
	granted int                // tasks that the plan at hand places and that are not launched yet
	took    durations
	budgets map[int]journal.Budget
	dropped map[int]int // how many launches of a trial were, in a row
	probed  map[int]int // how many losses of a trial were free of charge; a restart forgets them
	then    *offers.Demand

	prefetchFailures int              // attempts in a row to which their agents did not bring their inputs
	lacking          []offers.AgentID // agents that lack a user or image that the spec names
	loss             Loss             // the last
	first            firstFailures
	endStored        bool     // see EndStored; since it has ended
	touched          bool     // see Core.advance
	hits             int      // trials that have ended as cached in this pass
	recalling        bool     // a timer will ask its bundles again for what has not begun
	reached          *attempt // reached the target since the last advance
	unstartable      string   // likewise: why no trial of the sweep can be started
	thenEnd          *thenEnd // likewise: the `then` step has ended
	records          uint64   // number of the last record
	failures         failureReasons
	best             float64
	bestTrial        int                  // -1: none
	revived          []journal.TrialEntry // only while restoring: attempts to believe in again
}

func newRun(id string, spec *sweep.Spec, points *search.Log, builder *task.Builder) (*run, error) {
	if spec.Trials < 1 || spec.Trials > sweep.MaxTrials {
		return nil, fmt.Errorf("take sweep %s: %d trials, must be 1 to %d", id, spec.Trials, sweep.MaxTrials)
	}
	if id == "" || len(id) > 200 {
		return nil, errors.New("take sweep: its id must have 1 to 200 characters")
	}
	r := &run{
		id: id, spec: spec, search: points, builder: builder, total: spec.Trials,
		states:   make([]uint8, spec.Trials+1),
		attempts: make([]uint16, spec.Trials+1),
		live:     map[int]*attempt{},
		stops:    stops{Stopper: stop.New(spec)},
		budgets:  map[int]journal.Budget{},
		dropped:  map[int]int{},
		probed:   map[int]int{},

		bestTrial: -1,
	}
	r.counts[sweep.Waiting] = r.total
	var uniform *resource.Resources
	if builder.Uniform() {
		d, err := builder.Demand(nil)
		if err != nil {
			return nil, fmt.Errorf("take sweep %s: %w", id, err)
		}
		uniform = &d
	}
	r.queue = queue.New(r.total, uniform, func(trial int) bool { return r.state(trial) == sweep.Waiting }, r.demand)
	return r, nil
}

// demand is what a trial asks for by its point. Fresh says that the search was asked for that now.
func (r *run) demand(trial int) (need resource.Resources, fresh bool, err error) {
	p, fresh, err := r.search.Ask(trial)
	if err != nil {
		return need, false, err
	}
	need, err = r.builder.Demand(p)
	return need, fresh, err
}

func (r *run) slot(trial int) int {
	if trial == ThenTrial {
		return r.total
	}
	return trial
}

func (r *run) state(trial int) sweep.State { return sweep.State(r.states[r.slot(trial)]) }

func (r *run) lastAttempt(trial int) int { return int(r.attempts[r.slot(trial)]) }

// has reports whether the sweep has that trial at all.
func (r *run) has(trial int) bool {
	return trial >= 0 && trial < r.total || trial == ThenTrial && r.spec.Then.Step()
}

// move changes a trial's state and the counts. An illegal move is a fault in the core, and going on would break
// law 1, so it panics.
func (r *run) move(trial int, to sweep.State) (from sweep.State) {
	from = r.state(trial)
	if from == to {
		return from
	}
	if !from.CanMove(to) {
		panic(fmt.Sprintf("trial %s/%d: illegal move from %v to %v", r.id, trial, from, to))
	}
	r.states[r.slot(trial)] = uint8(to)
	if trial != ThenTrial {
		r.counts[from]--
		r.counts[to]++
	}
	return from
}

// Counts by state.
func (r *run) Counts() sweep.Counts {
	n := &r.counts
	return sweep.Counts{
		Total: r.total, Waiting: n[sweep.Waiting], Launched: n[sweep.Launched], Running: n[sweep.Running],
		Succeeded: n[sweep.Succeeded], Failed: n[sweep.Failed], Stopped: n[sweep.Stopped], Cached: n[sweep.Cached],
	}
}

// allEnded reports whether every trial is in a terminal state.
func (r *run) allEnded() bool {
	n := &r.counts
	return n[sweep.Waiting]+n[sweep.Launched]+n[sweep.Running] == 0
}

// launchable is how many tasks may start now: trials wait that are not delayed, and the sweep's limit and the
// scheduler's (0: none) leave room.
func (r *run) launchable(most int) int {
	if r.entry.Paused {
		return 0
	}
	switch r.entry.Phase {
	case sweep.PhaseActive:
	case sweep.PhaseThen:
		if r.queue.Waits(ThenTrial) {
			return 1
		}
		return 0
	default:
		return 0
	}
	return r.queue.Room(r.counts[sweep.Waiting], r.tasks, r.spec.Limits.Parallel, most)
}

// keepsTrials reports whether the journal is to keep the trials of a sweep that has ended.
func (r *run) keepsTrials() bool { return r.search.Learns() || r.stops.Stopper != nil || r.race != nil }

// elapsed is what a sweep's clock shows.
func (r *run) elapsed(now time.Time) time.Duration {
	if r.clockStart.IsZero() {
		return r.entry.Elapsed
	}
	return r.entry.Elapsed + now.Sub(r.clockStart)
}

// nextClockLimit is the limit that the sweep's clock reaches next; 0: none.
func (r *run) nextClockLimit() time.Duration {
	wall, queue := r.spec.Limits.Wall, r.spec.Limits.Queue
	if queue > 0 && !r.queueOver && (wall == 0 || queue < wall) {
		return queue
	}
	return wall
}

// overQueueLimit reports whether a sweep has waited for as long as it may, and nothing of it was ever launched.
func (r *run) overQueueLimit(now time.Time) bool {
	if limit := r.spec.Limits.Queue; limit == 0 || r.queueOver || r.elapsed(now) < limit {
		return false
	}
	r.queueOver = true
	return !slices.ContainsFunc(r.attempts, func(number uint16) bool { return number > 0 })
}

// overWallLimit reports whether a sweep's time is over.
func (r *run) overWallLimit(now time.Time) bool {
	return r.spec.Limits.Wall > 0 && r.elapsed(now) >= r.spec.Limits.Wall
}

// thenEnd is how the `then` step ended.
type thenEnd struct {
	to     sweep.State
	reason string
}

// placement is one task of the cluster that is believed alive: where it is, and the attempts that it runs. Most tasks
// run one attempt; a bundle runs several, one after the other.
type placement struct {
	task     cluster.TaskID
	agent    offers.AgentID
	host     string
	executor offers.ExecutorID
	role     string         // whose offers it took; empty: "*"
	demand   *offers.Demand // what the packer counted it as, but for the role

	// attempts are those that have not ended, in their order: the first runs, or is the next to; the others have not
	// begun, as far as its executor has told. None: the task has ended.
	attempts []*attempt
	bundle   bool // it was launched with several

	// of the last update taken in; Mesos repeats an update until it hears our acknowledgement
	uuid             string
	reconciled       bool      // heard of since the last (re)subscription
	answered         bool      // the master has said how it is, when it was asked since
	unreachableSince time.Time // when it was first reported unreachable or unknown; zero: not missing
	corrupt          int       // updates of it in a row that could not be read
	startExit        int       // the exit code by which its executor said that it cannot be one; 0: it did not
	executorWait     int       // status its executor ended with before it did; 0: it did not, or well
	coTerminated     int       // attempts that its agent ended together with it
	endSource        endSource // who told its end
	neighbours       bool      // when it ended, others were alive on its agent
	probe            bool      // it tries an agent that did badly before
	prefetched       bool      // its agent was to bring what it works with
	killed           time.Time // when it was last sent a KILL; zero: to be sent one at once
	lastWord         bool      // the last of its updates is here, and may wait for those of others
	// when its executor last said something, by the agent's clock; zero: it has not to this process
	spoke        time.Time
	awaited      bool      // the end of another on its executor waits for its last word, if it was there
	awaitedSince time.Time // when that executor ended, by the agent's clock
	terminalSeen time.Time // reconciliation says it ended, the update that tells how has not come yet
}

// alive reports whether it is believed to be: some attempt of it has not ended.
func (p *placement) alive() bool { return len(p.attempts) > 0 }

// hasEnded reports whether its end is known, though how, or points of before, are still on their way.
func (p *placement) hasEnded() bool { return p.lastWord || !p.terminalSeen.IsZero() }

// first is the attempt that runs, or is the next to. It must be alive.
func (p *placement) first() *attempt { return p.attempts[0] }

// waits reports whether an attempt is behind another in its bundle, and so has not begun.
func (a *attempt) waits() bool { return a.placement.first() != a }

// allKilled reports whether every attempt that is left is being killed: then the task is.
func (p *placement) allKilled() bool {
	return !slices.ContainsFunc(p.attempts, func(a *attempt) bool { return a.killing == notKilled })
}

// counted is the demand that the packer counted the task as.
func (p *placement) counted() *offers.Demand {
	if p.role == "" || p.demand.Role == p.role {
		return p.demand
	}
	d := *p.demand
	d.Role = p.role
	return &d
}

// taken is what a task takes of the cluster: what it asks for, and an executor of its own.
func taken(d *offers.Demand) resource.Resources {
	if d.Executor == "" {
		return d.Resources.Plus(d.Overhead, 1)
	}
	return d.Resources
}

func (p *placement) where() string {
	if p.host != "" {
		return p.host
	}
	return string(p.agent)
}

// attempt is one launch of a trial that is believed alive. A trial has at most one (law 4).
type attempt struct {
	*placement // its task, which may be that of others too
	run        *run
	trial      int
	number     int
	place      int // in the bundle

	launched time.Time // or, in a bundle, when its turn came
	started  time.Time // zero until reported running
	points   uint64    // the number the next new point has
	value    sweep.Series
	seed     uint64
	key      string   // names what it does, of sweeps with `cache`
	percent  *float64 // how far it last said it is; nil: it has not

	killing killReason // it is being killed, and what that makes of it
	reason  string     // said with killing
	kills   int        // KILLs sent so far
	missing uint64     // points of it that never came, and are no longer waited for

	prev, next *attempt
}

// id is the attempt's id, which is its task's where it is alone or the first.
func (a *attempt) id() cluster.TaskID { return cluster.NewTaskID(a.run.id, a.trial, a.number) }

// otherTask is the attempt's task where that has not its own id; empty: it has.
func (a *attempt) otherTask() string {
	if a.bundle && a.task != a.id() {
		return string(a.task)
	}
	return ""
}

// killReason says on whose wish an attempt is killed.
type killReason uint8

const (
	notKilled     killReason = iota
	killStopped              // early stop, limit, target or user
	killOverdue              // its executor did not keep the timeout
	killPreempted            // its resources are wanted by others
	killDone                 // it has what it can have
	killMoved                // an operator drains its agent
)

// goesOn reports whether the trial of an attempt that is killed for that is to run again.
func (w killReason) goesOn() bool { return w == killPreempted || w == killMoved }

// endSource is who told the end of an attempt.
type endSource uint8

const (
	sourceUnknown       endSource = iota // nobody who knows of its executor
	sourceExecutor                       // its executor, which so lived until then
	sourceExecutorEnded                  // its agent or the master, because its executor ended or never was
)

// entry is what the journal keeps of a live attempt.
func (a *attempt) entry() journal.TrialEntry {
	r := a.run
	e := journal.TrialEntry{
		Sweep: r.id, Trial: a.trial, State: r.state(a.trial), Attempt: a.number, Budget: r.budgets[a.trial],
		Agent: a.agent, Host: a.host, Executor: a.executor,
		Launched: a.launched, Started: a.started, Points: a.points, Missing: a.missing, Value: a.value,
		KillReason: uint8(a.killing), Reason: a.reason,
	}
	if a.bundle {
		e.Task, e.Place = a.task, a.place
	}
	setSteps(&e, r.search.Steps(a.trial))
	e.Stop = r.stops.memory(a.trial)
	return e
}

// setSteps writes the steps of a trial into its entry.
func setSteps(e *journal.TrialEntry, s search.Steps) {
	e.AskSeq, e.TellSeq, e.Failure = s.Ask, s.Tell, s.Failure
	if s.Point != "" {
		e.Point = []byte(s.Point)
	}
}

// killing reports whether the sweep is ending and kills what runs. The entry's flag is stale once the sweep goes on,
// by its `then` step or because a user asked, and is ignored then.
func (r *run) killing() bool { return r.entry.Phase == sweep.PhaseDraining && r.entry.Killing }

// inOrder is the live attempts by trial.
func (r *run) inOrder() []*attempt {
	all := make([]*attempt, 0, len(r.live))
	for _, att := range r.live {
		all = append(all, att)
	}
	slices.SortFunc(all, func(a, b *attempt) int { return a.trial - b.trial })
	return all
}
