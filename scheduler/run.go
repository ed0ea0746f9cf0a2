package scheduler

import (
	"errors"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// run is one sweep while the core knows it. A trial that waits costs three bytes; only live attempts and
// trials that failed before cost more.
type run struct {
	id         string
	spec       *sweep.Spec
	study      Study
	executor   executorSpec       // of the executors of its attempts
	entry      journal.SweepEntry // as the journal has it
	clockStart time.Time          // when its clock went on from entry.Elapsed; zero: it stands
	wallAt     time.Time          // of the timer that watches it

	total    int
	states   []uint8  // sweep.State per trial; slot total is the `then` step
	attempts []uint16 // number of the last attempt, same slots
	counts   [sweep.Cached + 1]int

	next          int               // trials from here on were never launched
	retryQueue    []int             // trials whose turn came back, oldest first
	isolatedQueue []int             // likewise, each of which is to have an executor of its own
	delayed       map[int]time.Time // waiting trials not to be launched before
	window        window            // look-ahead when trials differ in what they need

	live            map[int]*attempt
	budgets         map[int]journal.Budget
	isolate         map[int]bool // trials that ended with others in an executor they shared
	isolatedDemands map[*offers.Demand]*offers.Demand
	learned         learned
	shapes          map[string]*offers.Demand
	uniform         *offers.Demand
	then            *offers.Demand

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
	skipped          []int                // only while restoring: trials below next without an entry
}

func newRun(id string, spec *sweep.Spec, study Study) (*run, error) {
	if spec.Trials < 1 || spec.Trials > sweep.MaxTrials {
		return nil, fmt.Errorf("take sweep %s: %d trials, must be 1 to %d", id, spec.Trials, sweep.MaxTrials)
	}
	if id == "" || len(id) > 200 {
		return nil, errors.New("take sweep: its id must have 1 to 200 characters")
	}
	r := &run{
		id: id, spec: spec, study: study, total: spec.Trials,
		states:   make([]uint8, spec.Trials+1),
		attempts: make([]uint16, spec.Trials+1),
		delayed:  map[int]time.Time{},
		live:     map[int]*attempt{},
		budgets:  map[int]journal.Budget{},
		isolate:  map[int]bool{},
		learned:  newLearned(),
		shapes:   map[string]*offers.Demand{},

		bestTrial: -1,
	}
	r.counts[sweep.Waiting] = r.total
	if study.Uniform() {
		d, err := study.Demand(nil)
		if err != nil {
			return nil, fmt.Errorf("take sweep %s: %w", id, err)
		}
		r.uniform = &d
	}
	return r, nil
}

func (r *run) slot(trial int) int {
	if trial == ThenTrial {
		return r.total
	}
	return trial
}

func (r *run) state(trial int) sweep.State { return sweep.State(r.states[r.slot(trial)]) }

func (r *run) lastAttempt(trial int) int { return int(r.attempts[r.slot(trial)]) }

func (r *run) budget(trial int) journal.Budget { return r.budgets[trial] }

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
		if _, late := r.delayed[ThenTrial]; r.state(ThenTrial) == sweep.Waiting && !late {
			return 1
		}
		return 0
	default:
		return 0
	}
	n := r.counts[sweep.Waiting] - len(r.delayed)
	for _, p := range []int{r.spec.Limits.Parallel, most} {
		if p > 0 {
			n = min(n, p-len(r.live))
		}
	}
	return max(n, 0)
}

// pop takes the next trial that waits: first those whose turn came back, then the next never launched.
func (r *run) pop() (trial int, ok bool) {
	for len(r.retryQueue) > 0 {
		trial, r.retryQueue = r.retryQueue[0], r.retryQueue[1:]
		if r.waits(trial) {
			return trial, true
		}
	}
	for r.next < r.total {
		trial = r.next
		r.next++
		if r.waits(trial) {
			return trial, true
		}
	}
	return 0, false
}

// waits reports whether a trial may start now, as far as it alone is concerned.
func (r *run) waits(trial int) bool {
	_, late := r.delayed[trial]
	return !late && r.state(trial) == sweep.Waiting
}

// failureReasons counts why trials of a sweep failed, to name the commonest reason and one trial to look at.
type failureReasons struct {
	reasons []reasonCount
}

type reasonCount struct {
	reason string
	count  int
	trial  int
}

// maxFailureReasons bounds the memory of reasons; a sweep with more different ones has no commonest worth naming.
const maxFailureReasons = 64

func (t *failureReasons) add(reason string, trial int) {
	for i := range t.reasons {
		if t.reasons[i].reason == reason {
			t.reasons[i].count++
			return
		}
	}
	if len(t.reasons) < maxFailureReasons {
		t.reasons = append(t.reasons, reasonCount{reason, 1, trial})
	}
}

// mostCommon is a clause about the most frequent reason, the earliest of equals; empty when nothing failed.
func (t *failureReasons) mostCommon() string {
	best := -1
	for i := range t.reasons {
		if best < 0 || t.reasons[i].count > t.reasons[best].count {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	r := t.reasons[best]
	return fmt.Sprintf("most often: %s (%d×, for example trial %d)", r.reason, r.count, r.trial)
}

// ThenTrial stands for the `then` step where a trial's index is expected.
const ThenTrial = results.ThenTrial

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
