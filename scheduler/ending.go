package scheduler

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// stopSweep ends a sweep at a user's wish.
func (c *Core) stopSweep(ev Stop) {
	run := c.runs[ev.Sweep]
	if run == nil || run.kept.Phase.Ended() {
		return
	}
	reason := ev.Reason
	if reason == "" {
		reason = "stopped by the user"
	}
	c.halt(run, sweep.PhaseStopped, reason, true)
}

// stopTrial ends one trial early. A running one is killed and ends when its executor says so.
func (c *Core) stopTrial(ev StopTrial) {
	run := c.runs[ev.Sweep]
	if run == nil || !run.has(ev.Trial) || run.state(ev.Trial).Terminal() {
		return
	}
	if att := run.live[ev.Trial]; att != nil {
		c.kill(att, endStopped, ev.Reason)
		return
	}
	if run.kept.Phase == sweep.PhaseDraining || run.kept.Phase.Ended() {
		return // what waits is a `then` step that will not run
	}
	c.endWaiting(run, ev.Trial, sweep.Stopped, ev.Reason)
	if ev.Trial == ThenTrial && (run.kept.Phase == sweep.PhaseSelecting || run.kept.Phase == sweep.PhaseThen) {
		c.thenEnded(run, verdict{kind: stopped, reason: ev.Reason}, sweep.Stopped)
		return
	}
	c.endIfDone(run)
}

// endWaiting ends a trial that has no live attempt. Its record stands for the attempt that will not be.
func (c *Core) endWaiting(run *sweepRun, trial int, to sweep.State, reason string) {
	delete(run.delayed, trial)
	delete(run.budgets, trial)
	delete(run.apart, trial)
	run.attempts[run.slot(trial)]++
	number := run.lastAttempt(trial)
	e := journal.TrialEntry{Sweep: run.id, Trial: trial, State: to, Attempt: number, Reason: reason, AskSeq: run.learned.asked[trial]}
	e.TellSeq, e.Failure = run.observe(trial, to, &e.Value)
	c.journal(e)
	c.moved(run, trial, to, "", reason)
	state := string(stopped)
	if to == sweep.Failed {
		state = string(failed)
	}
	ms := c.now.UnixMilli()
	c.record(run, results.Record{
		Sweep: run.id, Trial: trial, Attempt: number,
		End: &results.End{State: state, Final: true, Reason: reason, StartMs: ms, EndMs: ms},
	})
}

// halt lets no more trials of a sweep start; with kill it ends the running ones too. The first reason stands,
// but a later halt may still kill.
func (c *Core) halt(run *sweepRun, outcome sweep.Phase, sentence string, kill bool) {
	switch run.kept.Phase {
	case sweep.PhaseActive, sweep.PhaseSelecting, sweep.PhaseThen:
		run.kept.Phase, run.kept.Outcome, run.kept.Reason, run.kept.Killing = sweep.PhaseDraining, outcome, sentence, kill
		c.keep(run)
		c.note(SweepEnding{Sweep: run.id, Sentence: sentence})
		c.endAllWaiting(run, sentence)
	case sweep.PhaseDraining:
	default:
		return
	}
	if kill {
		if !run.kept.Killing {
			run.kept.Killing = true
			c.keep(run)
		}
		for _, att := range run.inOrder() {
			c.kill(att, endStopped, sentence)
		}
	}
	c.endIfDone(run)
}

// inOrder is the live attempts by trial.
func (r *sweepRun) inOrder() []*attempt {
	all := make([]*attempt, 0, len(r.live))
	for _, att := range r.live {
		all = append(all, att)
	}
	slices.SortFunc(all, func(a, b *attempt) int { return a.trial - b.trial })
	return all
}

// endAllWaiting stops every waiting trial: one by one those that ran before, the rest as ranges.
func (c *Core) endAllWaiting(run *sweepRun, reason string) {
	if run.state(ThenTrial) == sweep.Waiting && run.lastAttempt(ThenTrial) > 0 && run.live[ThenTrial] == nil {
		c.endWaiting(run, ThenTrial, sweep.Stopped, reason)
	}
	c.endWaitingTrials(run, reason)
}

// endWaitingTrials is endAllWaiting without the `then` step.
func (c *Core) endWaitingTrials(run *sweepRun, reason string) {
	from := -1
	flush := func(to int) {
		if from >= 0 {
			c.note(Unstarted{Sweep: run.id, From: from, To: to, Reason: reason})
		}
		from = -1
	}
	for t := range run.total {
		switch {
		case sweep.State(run.states[t]) != sweep.Waiting:
			flush(t)
		case run.attempts[t] > 0 || run.learned.asked[t] > 0:
			flush(t)
			c.endWaiting(run, t, sweep.Stopped, reason)
		default:
			run.move(t, sweep.Stopped)
			if from < 0 {
				from = t
			}
		}
	}
	flush(run.total)
	run.next, run.again, run.alone, run.window = run.total, nil, nil, window{}
}

// watchFailures ends a sweep that has reached its limit of failed trials.
func (c *Core) watchFailures(run *sweepRun) {
	l := run.spec.Limits
	n := run.counts[sweep.Failed]
	var limit string
	switch {
	case l.Failed > 0 && n >= l.Failed:
		limit = fmt.Sprintf("limits.failed: %d", l.Failed)
	case l.FailedShare > 0 && float64(n) >= l.FailedShare*float64(run.total):
		limit = fmt.Sprintf("limits.failed: %v%%", math.Round(l.FailedShare*1e4)/100)
	default:
		return
	}
	c.halt(run, sweep.PhaseFailed, fmt.Sprintf("stopped after %d of %d trials failed (%s); %s", n, run.total, limit, run.errors.commonest()), true)
}

// watchTarget lets no more trials start once one has reached the metric's target; as in W&B, those that run may
// finish.
func (c *Core) watchTarget(att *attempt) {
	run := att.run
	m := run.spec.Objective
	if run.kept.Phase != sweep.PhaseActive || att.trial == ThenTrial || !att.value.Reaches(m) {
		return
	}
	v, _ := att.value.Reduced(m.Reduce)
	c.halt(run, sweep.PhaseSucceeded, fmt.Sprintf("trial %d reached the target: %s = %v (target %v)", att.trial, m.Name, v, *m.Target), false)
}

// endIfDone ends a sweep whose trials have all ended.
func (c *Core) endIfDone(run *sweepRun) {
	if run.kept.Phase.Ended() || !run.allEnded() || len(run.live) > 0 {
		return
	}
	switch run.kept.Phase {
	case sweep.PhaseDraining:
		outcome := run.kept.Outcome
		if outcome == sweep.PhaseSucceeded && c.choose(run) {
			return
		}
		c.end(run, outcome, run.kept.Reason)
	case sweep.PhaseActive:
		if run.counts[sweep.Succeeded]+run.counts[sweep.Cached] == 0 {
			c.end(run, sweep.PhaseFailed, run.sentence("no trial succeeded"))
			return
		}
		if !c.choose(run) {
			c.end(run, sweep.PhaseSucceeded, run.sentence("all trials ended"))
		}
	}
}

// sentence adds what failed most to how a sweep ended.
func (r *sweepRun) sentence(what string) string {
	parts := []string{what}
	if n := r.counts[sweep.Failed]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d failed", n, r.total))
		if why := r.errors.commonest(); why != "" {
			parts = append(parts, why)
		}
	}
	return strings.Join(parts, "; ")
}

// end closes a sweep: from here on the journal holds one entry for it, and the records the bucket lacks.
func (c *Core) end(run *sweepRun, phase sweep.Phase, sentence string) {
	c.rest(run)
	run.kept.Phase, run.kept.Reason, run.kept.Ended = phase, sentence, c.now
	run.kept.States, run.kept.Attempts = journal.PackRuns(run.states), journal.PackRuns(run.attempts)
	run.kept.Records = run.records
	run.kept.Best, run.kept.BestTrial = run.best, run.bestTrial
	c.keep(run)
	run.kept.States, run.kept.Attempts = nil, nil
	run.window, run.again, run.alone = window{}, nil, nil
	c.note(SweepEnded{
		Sweep: run.id, Phase: phase, Sentence: sentence, Counts: run.tallies(),
		Seconds: c.now.Sub(run.kept.Submitted).Seconds(),
	})
	c.drop()
}
