package scheduler

import (
	"cmp"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// choose asks for the winner of a sweep whose `then` is a command, unless there is no time left, and reports whether the sweep
// needs no other end. A `then` that is a spec is submitted as a sweep of its own by whoever hears SweepEnded.
func (c *Core) choose(run *sweepRun) bool {
	if !run.spec.Then.Step() || run.counts[sweep.Succeeded]+run.counts[sweep.Cached] == 0 {
		return false
	}
	if run.state(ThenTrial) != sweep.Waiting && run.kept.Winner == (journal.AttemptRef{}) {
		return false // it was stopped before its turn
	}
	if run.late(c.now) {
		c.end(run, sweep.PhaseStopped, fmt.Sprintf("stopped after %v (limits.wall), before the `then` step", run.spec.Limits.Wall))
		return true
	}
	run.kept.Phase = sweep.PhaseSelecting
	c.keep(run)
	c.note(Select{Sweep: run.id})
	return true
}

// won takes the winner and lets the `then` step start; again, when it ran before with another one.
func (c *Core) won(ev Won) {
	run := c.runs[ev.Sweep]
	if run == nil || run.kept.Phase != sweep.PhaseSelecting {
		return
	}
	again := run.state(ThenTrial) != sweep.Waiting
	if again && run.kept.Winner == ev.Winner {
		c.end(run, sweep.PhaseSucceeded, cmp.Or(run.kept.Reason, run.sentence("all trials ended")))
		return
	}
	run.kept.Phase, run.kept.Winner, run.kept.Manifest, run.kept.Params = sweep.PhaseThen, ev.Winner, ev.Manifest, ev.Params
	run.then = nil // it asks for what the winner asked for
	c.keep(run)
	if again {
		c.waitAgain(run, ThenTrial, "another trial has won since it ran")
	}
	c.workArrived()
}

// waitAgain makes an ended trial wait, with fresh budgets.
func (c *Core) waitAgain(run *sweepRun, t int, reason string) {
	from := run.state(t)
	run.budgets[t] = journal.Budget{}
	c.journal(journal.TrialEntry{
		Sweep: run.id, Trial: t, State: sweep.Waiting, Attempt: run.lastAttempt(t),
		AskSeq: run.learned.asked[t], TellSeq: run.learned.told[t], Failure: run.learned.failed[t],
	})
	run.reopen(t)
	c.note(TrialMoved{Sweep: run.id, Trial: t, Attempt: run.lastAttempt(t), From: from, To: sweep.Waiting, Reason: reason, At: c.now})
	run.due(t)
}

// thenEnded ends the sweep with its `then` step.
func (c *Core) thenEnded(run *sweepRun, v verdict, to sweep.State) {
	if run.kept.Phase.Ended() {
		return
	}
	switch {
	case to == sweep.Succeeded:
		c.end(run, sweep.PhaseSucceeded, run.sentence("all trials and the `then` step ended"))
	case run.kept.Phase == sweep.PhaseDraining:
		c.end(run, run.kept.Outcome, run.kept.Reason)
	case to == sweep.Stopped:
		c.end(run, sweep.PhaseStopped, fmt.Sprintf("the `then` step was stopped: %s", v.reason))
	default:
		c.end(run, sweep.PhaseFailed, fmt.Sprintf("the `then` step failed: %s", v.reason))
	}
}

// retry runs the failed trials of a sweep again. While a sweep is ending, or its `then` step is under way, it is too
// late and too early for that: nothing happens.
func (c *Core) retry(ev Retry) {
	run := c.runs[ev.Sweep]
	if run == nil || run.kept.Phase != sweep.PhaseActive && !run.kept.Phase.Ended() || run.counts[sweep.Failed] == 0 && run.state(ThenTrial) != sweep.Failed {
		return
	}
	if run.kept.Phase.Ended() {
		var err error
		if run.outfit, err = c.outfit(run.id, run.spec); err != nil { // an ended sweep was restored without one
			c.note(Trouble{Message: fmt.Sprintf("sweep %s not retried", run.id), Err: err})
			return
		}
		run.kept.Phase, run.kept.Reason, run.kept.Ended = sweep.PhaseActive, "", time.Time{}
		run.kept.Outcome, run.kept.Elapsed, run.kept.Paused = "", 0, false
		c.work(run)
		c.journalTerminals(run)
	}
	for _, t := range run.failedTrials() {
		c.waitAgain(run, t, "retried by the user")
	}
	run.errors = tally{}
	c.note(SweepStarted{Sweep: run.id, Spec: run.spec, At: run.kept.Submitted, Resumed: true})
	if run.allEnded() && run.kept.Phase == sweep.PhaseActive { // only the `then` step failed
		run.kept.Phase = sweep.PhaseThen
	}
	c.keep(run)
	c.workArrived()
}

// reopen makes an ended trial wait again: the one move out of a terminal state, and only at the user's wish, which
// is why sweep.Moves does not have it.
func (r *sweepRun) reopen(trial int) {
	if trial != ThenTrial {
		r.counts[r.state(trial)]--
		r.counts[sweep.Waiting]++
	}
	r.states[r.slot(trial)] = uint8(sweep.Waiting)
}

func (r *sweepRun) failedTrials() []int {
	var all []int
	for t := range r.total {
		if sweep.State(r.states[t]) == sweep.Failed {
			all = append(all, t)
		}
	}
	if r.state(ThenTrial) == sweep.Failed {
		all = append(all, ThenTrial)
	}
	return all
}

// journalTerminals writes the trials of a reopened sweep one by one again, as long as it is not ended.
func (c *Core) journalTerminals(run *sweepRun) {
	c.keep(run)
	if run.kept.KeepTrials {
		return
	}
	for t := ThenTrial; t < run.total; t++ {
		if s := run.state(t); s != sweep.Waiting {
			c.journal(journal.TrialEntry{Sweep: run.id, Trial: t, State: s, Attempt: run.lastAttempt(t)})
		}
	}
}
