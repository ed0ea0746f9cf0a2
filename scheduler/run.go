package scheduler

import (
	"errors"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/queue"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/sweep/search"
	"github.com/kaon-sweep/kaon/sweep/stop"
)

// run is one sweep while the core knows it. A trial that waits costs three bytes; only live attempts and
// trials that failed before cost more.
type run struct {
	id         string
	spec       *sweep.Spec
	search     *search.Log        // gives the points
	builder    *task.Builder      // gives what attempts ask for and run
	stops      stops              // ends trials early
	executor   executorSpec       // of the executors of its attempts
	entry      journal.SweepEntry // as the journal has it
	clockStart time.Time          // when its clock went on from entry.Elapsed; zero: it stands
	wallAt     time.Time          // of the timer that watches it

	total    int
	states   []uint8  // sweep.State per trial; slot total is the `then` step
	attempts []uint16 // number of the last attempt, same slots
	counts   [sweep.Cached + 1]int

	queue   *queue.Queue // its trials that wait
	live    map[int]*attempt
	budgets map[int]journal.Budget
	then    *offers.Demand

	prefetchFailures int              // attempts in a row to which their agents did not bring their inputs
	lacking          []offers.AgentID // agents that lack a user or image that the spec names
	loss             Loss             // the last
	first            firstFailures
	touched          bool     // see Core.advance
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

// launchable is how many trials may start now: they wait, are not delayed, and the sweep's limit and the
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
	return r.queue.Room(r.counts[sweep.Waiting], len(r.live), r.spec.Limits.Parallel, most)
}

// ThenTrial stands for the `then` step where a trial's index is expected.
const ThenTrial = results.ThenTrial

// keepsTrials reports whether the journal is to keep the trials of a sweep that has ended.
func (r *run) keepsTrials() bool { return r.search.Learns() || r.stops.Stopper != nil }

// elapsed is what a sweep's clock shows.
func (r *run) elapsed(now time.Time) time.Duration {
	if r.clockStart.IsZero() {
		return r.entry.Elapsed
	}
	return r.entry.Elapsed + now.Sub(r.clockStart)
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

// attempt is one launch that is believed alive. A trial has at most one (law 4).
type attempt struct {
	run      *run
	trial    int
	number   int
	task     cluster.TaskID
	agent    offers.AgentID
	host     string
	executor offers.ExecutorID
	role     string         // whose offers it took; empty: "*"
	demand   *offers.Demand // what the packer counted it as, but for the role

	launched time.Time
	started  time.Time // zero until reported running
	points   uint64    // the number the next new point has
	value    sweep.Series
	uuid     string // of the last update taken in; Mesos repeats an update until it hears our acknowledgement
	seed     uint64
	percent  *float64 // how far it last said it is; nil: it has not

	reconciled       bool       // heard of since the last (re)subscription
	unreachableSince time.Time  // when it was first reported unreachable or unknown; zero: not missing
	corrupt          int        // updates of it in a row that could not be read
	killing          killReason // it is being killed, and what that makes of it
	reason           string     // said with killing
	kills            int        // KILLs sent so far
	startExit        int        // the exit code by which its executor said that it cannot be one; 0: it did not
	executorWait     int        // status its executor ended with before it did; 0: it did not, or well
	coTerminated     int        // attempts that its agent ended together with it
	endSource        endSource  // who told its end
	neighbours       bool       // when it ended, others were alive on its agent
	probe            bool       // it tries an agent that did badly before
	prefetched       bool       // its agent was to bring what it works with
	missing          uint64     // points of it that never came, and are no longer waited for
	lastWord         bool       // the last of its updates is here, and may wait for those of others
	terminalSeen     time.Time  // reconciliation says it ended, the update that tells how has not come yet

	prev, next *attempt
}

// killReason says on whose wish an attempt is killed.
type killReason uint8

const (
	notKilled     killReason = iota
	killStopped              // early stop, limit, target or user
	killOverdue              // its executor did not keep the timeout
	killPreempted            // its resources are wanted by others
	killDone                 // it has what it can have
)

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
		Launched: a.launched, Started: a.started, Points: a.points, Value: a.value,
		KillReason: uint8(a.killing), Reason: a.reason,
	}
	setSteps(&e, r.search.Steps(a.trial))
	e.Stop = r.stops.memory(a.trial)
	return e
}

// counted is the demand that the packer counted the attempt as.
func (a *attempt) counted() *offers.Demand {
	if a.role == "" || a.demand.Role == a.role {
		return a.demand
	}
	d := *a.demand
	d.Role = a.role
	return &d
}

func (a *attempt) where() string {
	if a.host != "" {
		return a.host
	}
	return string(a.agent)
}

// setSteps writes the steps of a trial into its entry.
func setSteps(e *journal.TrialEntry, s search.Steps) {
	e.AskSeq, e.TellSeq, e.Failure = s.Ask, s.Tell, s.Failure
}
