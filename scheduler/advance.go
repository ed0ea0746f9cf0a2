package scheduler

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// advanceTouched advances the sweeps that this step has touched.
func (c *Core) advanceTouched() {
	for len(c.touched) > 0 {
		run := c.touched[0]
		c.touched = c.touched[1:]
		c.advance(run)
	}
	c.touched = nil
}

// advance takes a sweep as far as it can go from where it stands: what its trials have shown may end it early, and when
// the last of them has ended, the `then` step or the end follows. It looks at what is so, not at what has just
// happened, so whoever changes a trial need only touch its sweep.
func (c *Core) advance(run *run) {
	run.touched = false
	if run.entry.Phase.Ended() {
		return
	}
	if end := run.thenEnd; end != nil {
		run.thenEnd = nil
		c.thenEnded(run, *end)
		return
	}
	if run.entry.Phase == sweep.PhaseActive || run.entry.Phase == sweep.PhaseDraining {
		c.dropLosers(run)
		c.checkFirstFailures(run)
		c.checkUnstartable(run)
		c.checkFailureLimit(run)
		c.checkTarget(run)
		c.checkSteps(run)
	}
	c.finishIfDone(run)
}

// finishIfDone ends a sweep whose trials have all ended.
func (c *Core) finishIfDone(run *run) {
	if run.entry.Phase.Ended() || !run.allEnded() || len(run.live) > 0 {
		return
	}
	switch run.entry.Phase {
	case sweep.PhaseDraining:
		outcome := run.entry.Outcome
		if outcome == sweep.PhaseSucceeded && run.counts[sweep.Succeeded]+run.counts[sweep.Cached] == 0 {
			c.end(run, sweep.PhaseFailed, run.endReason("no trial succeeded; "+run.entry.Reason))
			return
		}
		if outcome == sweep.PhaseSucceeded && c.selectWinner(run) {
			return
		}
		c.end(run, outcome, run.entry.Reason)
	case sweep.PhaseActive:
		if run.counts[sweep.Succeeded]+run.counts[sweep.Cached] == 0 {
			c.end(run, sweep.PhaseFailed, run.endReason("no trial succeeded"))
			return
		}
		if !c.selectWinner(run) {
			c.end(run, sweep.PhaseSucceeded, run.endReason("all trials ended"))
		}
	}
}

// endReason adds what failed most to how a sweep ended.
func (r *run) endReason(what string) string {
	parts := []string{what}
	if n := r.counts[sweep.Failed]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d failed", n, r.total))
		if why := r.failures.mostCommon(); why != "" {
			parts = append(parts, why)
		}
	}
	return strings.Join(parts, "; ")
}

// end closes a sweep: from here on the journal holds one entry for it, and the records the bucket lacks.
func (c *Core) end(run *run, phase sweep.Phase, reason string) {
	c.stopClock(run)
	run.entry.Phase, run.entry.Reason, run.entry.Ended = phase, reason, c.now
	run.entry.States, run.entry.Attempts = journal.PackRuns(run.states), journal.PackRuns(run.attempts)
	run.entry.Records = run.records
	run.entry.Best, run.entry.BestTrial = run.best, run.bestTrial
	run.endStored = false
	c.journalSweep(run)
	run.entry.States, run.entry.Attempts = nil, nil
	run.queue.Clear()
	c.note(SweepEnded{
		Sweep: run.id, Phase: phase, Reason: reason, Counts: run.Counts(),
		Seconds: c.now.Sub(run.entry.Submitted).Seconds(),
	})
	c.evictEnded()
}

// evictEnded forgets the oldest ended sweeps beyond those kept.
func (c *Core) evictEnded() {
	ended := 0
	for _, r := range c.order {
		if r.entry.Phase.Ended() {
			ended++
		}
	}
	for _, r := range c.order {
		if ended > c.cfg.KeptSweeps && r.forgettable() && (r.endStored || !c.cfg.AwaitEnds) {
			c.evict(r)
			c.note(SweepForgotten{r.id})
			ended--
		}
	}
}

// endStored has a sweep make place for others once nothing of it waits for its bucket: who would store its end after a
// crash if the journal had forgotten it?
func (c *Core) endStored(id string) {
	if run := c.runs[id]; run != nil && run.entry.Phase.Ended() {
		run.endStored = true
		c.evictEnded()
	}
}

// forgettable tells whether a sweep has ended, and all its records are in the bucket.
func (r *run) forgettable() bool { return r.entry.Phase.Ended() && r.entry.Stored >= r.records }

// evict forgets a sweep, and so does the journal. Sweeps end, and others are evicted for them, while somebody walks
// c.order, so that one stays as it is.
func (c *Core) evict(r *run) {
	c.order = slices.DeleteFunc(slices.Clone(c.order), func(other *run) bool { return other == r })
	delete(c.runs, r.id)
	c.journal(journal.DeleteEntry{Sweep: r.id})
}

// trialEnded keeps what a trial's terminal state may mean for its sweep.
func (c *Core) trialEnded(att *attempt, v classification, to sweep.State) {
	run := att.run
	if att.trial == ThenTrial {
		run.thenEnd = &thenEnd{to, v.reason}
		return
	}
	switch to {
	case sweep.Failed:
		run.failures.add(v.reason, att.trial)
		if v.retry == noTrial && v.outcome == sweep.AttemptFailed {
			run.unstartable = v.reason
		}
	case sweep.Succeeded:
		run.consider(att.trial, &att.value)
		c.noteTarget(att)
	}
}

// consider keeps the best trial by its objective, if it has one; of equals the one with the lower index.
func (r *run) consider(trial int, s *sweep.Series) {
	v, known := s.Reduced(r.spec.Objective.Reduce)
	if !known {
		return
	}
	better := v < r.best
	if r.spec.Objective.Goal == sweep.Maximize {
		better = v > r.best
	}
	if r.bestTrial < 0 || better || v == r.best && trial < r.bestTrial {
		r.best, r.bestTrial = v, trial
	}
}

// selectWinner asks for the winner of a sweep whose `then` is a command, unless there is no time left, and reports
// whether the sweep needs no other end. A `then` that is a spec is submitted as a sweep of its own by whoever hears
// SweepEnded.
func (c *Core) selectWinner(run *run) bool {
	if !run.spec.Then.Step() || run.counts[sweep.Succeeded]+run.counts[sweep.Cached] == 0 {
		return false
	}
	if run.state(ThenTrial) != sweep.Waiting && run.entry.Winner == (journal.AttemptRef{}) {
		return false // it was stopped before its turn
	}
	if run.overWallLimit(c.now) {
		c.end(run, sweep.PhaseStopped, fmt.Sprintf("stopped after %v (limits.wall), before the `then` step",
			run.spec.Limits.Wall))
		return true
	}
	run.entry.Phase = sweep.PhaseSelecting
	c.journalSweep(run)
	c.note(Select{Sweep: run.id})
	return true
}

// won takes the winner and lets the `then` step start; again, when it ran before with another one.
func (c *Core) won(ev Won) {
	run := c.runs[ev.Sweep]
	if run == nil || run.entry.Phase != sweep.PhaseSelecting {
		return
	}
	again := run.state(ThenTrial) != sweep.Waiting
	if again && run.entry.Winner == ev.Winner {
		c.end(run, sweep.PhaseSucceeded, cmp.Or(run.entry.Reason, run.endReason("all trials ended")))
		return
	}
	run.entry.Phase, run.entry.Winner, run.entry.Manifest, run.entry.Params = sweep.PhaseThen, ev.Winner,
		ev.Manifest, ev.Params
	run.then = nil // it asks for what the winner asked for
	c.journalSweep(run)
	if again {
		c.waitAgain(run, ThenTrial, "another trial has won since it ran")
	}
	c.requestOffers()
}

// thenEnded ends the sweep with its `then` step.
func (c *Core) thenEnded(run *run, step thenEnd) {
	switch {
	case step.to == sweep.Succeeded:
		c.end(run, sweep.PhaseSucceeded, run.endReason("all trials and the `then` step ended"))
	case run.entry.Phase == sweep.PhaseDraining:
		c.end(run, run.entry.Outcome, run.entry.Reason)
	case step.to == sweep.Stopped:
		c.end(run, sweep.PhaseStopped, fmt.Sprintf("the `then` step was stopped: %s", step.reason))
	default:
		c.end(run, sweep.PhaseFailed, fmt.Sprintf("the `then` step failed: %s", step.reason))
	}
}
