package scheduler

import (
	"encoding/json"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// finish ends a live attempt: its record, its trial's next state, the packer's and the guard's books, and what
// the end means for the sweep.
func (c *Core) finish(att *attempt, v verdict, points *results.Record) {
	run := att.run
	c.live.remove(att)
	delete(run.live, att.trial)
	c.cfg.Packer.Ended(att.agent, att.counted(), 1)
	c.freed, c.packDue = true, true
	v = c.settleHope(att, v)
	c.judgeAgent(att, v)
	if v.kind == lost && att.probe && !v.free && c.elsewhere(att) {
		v.free = true // it was put at risk to learn whether its agent is well again
	}
	c.countUnbrought(att, v)
	c.leave(att)

	to, due := c.nextState(att, v)
	rec := results.Record{Sweep: run.id, Trial: att.trial, Attempt: att.number, First: att.points}
	if points != nil {
		rec = *points
	}
	rec.End = c.endOf(att, v, to.Terminal())
	if to == sweep.Stopped {
		rec.End.State = string(stopped) // whatever ended the attempt, what ended the trial was its sweep
	}
	c.record(run, rec)
	c.noteLoss(att, v)
	c.settle(att, v, to, due)
	c.watchFirst(att, v)
	c.endIdle(att)
	if !to.Terminal() {
		return
	}
	c.trialEnded(att, v, to)
}

// nextState decides whether the trial gets another attempt, and not before when.
func (c *Core) nextState(att *attempt, v verdict) (to sweep.State, due time.Time) {
	run := att.run
	switch {
	case v.kind == succeeded:
		return sweep.Succeeded, due
	case v.kind == stopped:
		return sweep.Stopped, due
	}
	again, delay := true, v.wait
	if v.hope == nobody || v.hope == noneEver {
		again = false
	} else if !v.free {
		b := run.budgets[att.trial]
		again, delay = charge(&b, v.kind, run.spec.Task.Retries, &c.cfg)
		run.budgets[att.trial] = b
	}
	open := run.kept.Phase == sweep.PhaseActive || att.trial == ThenTrial && run.kept.Phase == sweep.PhaseThen
	switch {
	case again && open:
		return sweep.Waiting, c.now.Add(delay)
	case again:
		return sweep.Stopped, due // it would have been tried again, had the sweep not been ending
	default:
		return sweep.Failed, due
	}
}

// settle moves the trial, journals it, and sets the delay of its next attempt.
func (c *Core) settle(att *attempt, v verdict, to sweep.State, due time.Time) {
	run := att.run
	e := journal.TrialEntry{
		Sweep: run.id, Trial: att.trial, State: to, Attempt: att.number, Budget: run.budgets[att.trial],
		Due: due, Value: att.value,
	}
	if att.beside > 0 {
		run.apart[att.trial] = true
	}
	if to.Terminal() {
		delete(run.budgets, att.trial)
		delete(run.apart, att.trial)
		e.Budget = journal.Budget{}
	}
	if to == sweep.Failed {
		e.Reason = v.reason
	}
	e.AskSeq = run.learned.asked[att.trial]
	e.TellSeq, e.Failure = run.learned.told[att.trial], run.learned.failed[att.trial]
	if to.Terminal() {
		e.TellSeq, e.Failure = run.observe(att.trial, to, &att.value)
	}
	c.journal(e)
	c.moved(run, att.trial, to, att.where(), v.reason)
	if to == sweep.Waiting {
		c.delay(run, att.trial, due)
	}
}

// delay keeps a waiting trial back until due.
func (c *Core) delay(run *sweepRun, trial int, due time.Time) {
	run.delayed[trial] = due
	c.timers.Set(due, func(time.Time) {
		if d, ok := run.delayed[trial]; !ok || !d.Equal(due) {
			return
		}
		delete(run.delayed, trial)
		run.due(trial)
		c.packDue = true
	})
}

// endOf is the last word on an attempt for its record.
func (c *Core) endOf(att *attempt, v verdict, final bool) *results.End {
	e := &results.End{
		State: string(v.kind), Final: final, Points: att.points, Reason: v.reason, Agent: att.host,
		StartMs: att.launched.UnixMilli(), EndMs: c.now.UnixMilli(),
	}
	if v.kind == timedOut {
		e.State = string(failed)
	}
	if !att.started.IsZero() {
		e.StartMs = att.started.UnixMilli()
	}
	if x := v.end; x != nil {
		e.Exit, e.Signal, e.Stderr, e.Sandbox, e.Files, e.Unread = x.Exit, x.Signal, x.Stderr, x.Sandbox, x.Artifacts, x.Unread
		if x.StartMs != 0 {
			e.StartMs, e.EndMs = x.StartMs, x.EndMs
		}
	}
	e.Seed = att.seed
	if att.trial == ThenTrial {
		e.Params = att.run.kept.Params
	} else if p, err := att.run.point(att.trial); err == nil {
		e.Params, _ = json.Marshal(p) // a point that was launched has been marshalled before
	}
	return e
}

// trialEnded draws the consequences of a trial's terminal state for its sweep.
func (c *Core) trialEnded(att *attempt, v verdict, to sweep.State) {
	run := att.run
	if att.trial == ThenTrial {
		c.thenEnded(run, v, to)
		return
	}
	value, ok := att.value.Reduced(run.spec.Objective.Reduce)
	ok = ok && to != sweep.Failed
	if to == sweep.Succeeded && ok {
		run.consider(att.trial, value)
	}
	if to == sweep.Failed {
		run.errors.add(v.reason, att.trial)
		c.giveUp(att, v)
		c.watchFailures(run)
	}
	if to == sweep.Succeeded {
		c.watchTarget(att)
	}
	c.endIfDone(run)
}

// consider keeps the best trial; of equals the one with the lower index.
func (r *sweepRun) consider(trial int, v float64) {
	better := v < r.best
	if r.spec.Objective.Goal == sweep.Maximize {
		better = v > r.best
	}
	if r.bestTrial < 0 || better || v == r.best && trial < r.bestTrial {
		r.best, r.bestTrial = v, trial
	}
}
