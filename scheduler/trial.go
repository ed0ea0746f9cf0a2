package scheduler

import (
	"math"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// endUnlaunched ends a trial that has no live attempt. Its record stands for the attempt that will not be.
func (c *Core) endUnlaunched(run *run, trial int, to sweep.State, reason string) {
	c.endUnlaunchedBy(run, trial, to, reason, nil)
}

// endUnlaunchedBy is endUnlaunched by a decision; nil: by none.
func (c *Core) endUnlaunchedBy(run *run, trial int, to sweep.State, reason string, by *sweep.StopDecision) {
	run.queue.Forget(trial)
	delete(run.budgets, trial)
	delete(run.dropped, trial)
	// else its user retried it, and it cannot be launched again
	if last := &run.attempts[run.slot(trial)]; *last < math.MaxUint16 {
		*last++
	}
	number := run.lastAttempt(trial)
	e := journal.TrialEntry{Sweep: run.id, Trial: trial, State: to, Attempt: number, Reason: reason}
	setSteps(&e, run.observe(trial, to, &e.Value))
	e.Stop = run.stops.memory(trial)
	c.journal(e)
	if by == nil {
		run.raced(trial, to, &e.Value)
	}
	c.moved(run, trial, to, "", reason)
	outcome := sweep.AttemptStopped
	if to == sweep.Failed {
		outcome = sweep.AttemptFailed
	}
	ms := c.now.UnixMilli()
	c.record(run, results.Record{
		Sweep: run.id, Trial: trial, Attempt: number,
		End: &results.End{State: outcome, Final: true, Reason: reason, StartMs: ms, EndMs: ms, Stop: by},
	})
}

// endAllUnlaunched stops every waiting trial: one by one those that ran before, the rest as ranges.
func (c *Core) endAllUnlaunched(run *run, reason string) {
	if run.state(ThenTrial) == sweep.Waiting && run.lastAttempt(ThenTrial) > 0 && run.live[ThenTrial] == nil {
		c.endUnlaunched(run, ThenTrial, sweep.Stopped, reason)
	}
	c.endUnlaunchedTrials(run, reason)
}

// endUnlaunchedTrials is endAllUnlaunched without the `then` step.
func (c *Core) endUnlaunchedTrials(run *run, reason string) {
	from := -1
	flush := func(to int) {
		if from >= 0 {
			c.note(NeverStarted{Sweep: run.id, From: from, To: to, Reason: reason})
		}
		from = -1
	}
	for t := range run.total {
		switch {
		case sweep.State(run.states[t]) != sweep.Waiting:
			flush(t)
		case run.attempts[t] > 0 || run.search.Steps(t).Ask > 0:
			flush(t)
			c.endUnlaunched(run, t, sweep.Stopped, reason)
		default:
			run.move(t, sweep.Stopped)
			if from < 0 {
				from = t
			}
		}
	}
	flush(run.total)
	run.queue.Clear()
}

// delay keeps a waiting trial back until due.
func (c *Core) delay(run *run, trial int, due time.Time) {
	run.queue.Delay(trial, due)
	c.timers.Set(due, func(time.Time) {
		if run.queue.Release(trial, due) {
			c.packDue = true
		}
	})
}

// waitAgain makes an ended trial wait, with fresh budgets.
func (c *Core) waitAgain(run *run, t int, reason string) {
	from := run.state(t)
	run.budgets[t] = journal.Budget{}
	e := journal.TrialEntry{Sweep: run.id, Trial: t, State: sweep.Waiting, Attempt: run.lastAttempt(t)}
	setSteps(&e, run.search.Steps(t))
	e.Stop = run.stops.anew(t)
	c.journal(e)
	run.reopen(t)
	run.racesAgain(t)
	c.note(TrialMoved{Sweep: run.id, Trial: t, Attempt: run.lastAttempt(t), From: from, To: sweep.Waiting,
		Reason: reason, At: c.now})
	run.queue.Push(t)
}

// reopen makes an ended trial wait again: the one move out of a terminal state, and only at the user's wish, which
// is why sweep.Moves does not have it.
func (r *run) reopen(trial int) {
	if trial != ThenTrial {
		r.counts[r.state(trial)]--
		r.counts[sweep.Waiting]++
	}
	r.states[r.slot(trial)] = uint8(sweep.Waiting)
}

// liveAttempt is the live attempt that a task is, or nil.
func (c *Core) liveAttempt(task cluster.TaskID) *attempt {
	id, trial, number, ok := task.Parse()
	if !ok {
		return nil
	}
	run := c.runs[id]
	if run == nil {
		return nil
	}
	att := run.live[trial]
	if att == nil || att.number != number {
		return nil
	}
	return att
}

// record numbers a record, keeps it in the journal and announces it.
func (c *Core) record(run *run, rec results.Record) {
	run.records++
	c.journal(journal.RecordEntry{Sweep: run.id, Number: run.records, Record: rec})
	c.note(Recorded{Number: run.records, Record: rec})
	if rec.Trial == ThenTrial {
		c.note(ThenReported{Record: rec})
	}
}

// moved changes a trial's state and announces it.
func (c *Core) moved(run *run, trial int, to sweep.State, host, reason string) {
	from := run.move(trial, to)
	if from == to {
		return
	}
	c.note(TrialMoved{
		Sweep: run.id, Trial: trial, Attempt: run.lastAttempt(trial), From: from, To: to,
		Host: host, Reason: reason, At: c.now,
	})
}

// stopClock stops a sweep's clock.
func (c *Core) stopClock(run *run) {
	run.entry.Elapsed, run.clockStart = run.elapsed(c.now), time.Time{}
}

// journalSweep journals a sweep, with what its clock shows.
func (c *Core) journalSweep(run *run) {
	if !run.clockStart.IsZero() {
		run.entry.Elapsed, run.clockStart = run.elapsed(c.now), c.now
	}
	c.journal(run.entry)
}

// believe takes in that an attempt is alive, after those of its task that are already.
func (c *Core) believe(a *attempt) {
	if !a.placement.alive() {
		c.tasks[a.task] = a.placement
		a.run.tasks++
		took := taken(a.demand)
		a.run.used.Add(&took, 1)
	}
	a.placement.attempts = append(a.placement.attempts, a)
	a.run.live[a.trial] = a
	c.live.add(a)
}

// disbelieve takes in that an attempt has ended, or will not begin. With the last of its task the task has ended too,
// and the packer has back what it took; else the next attempt is the one that runs.
func (c *Core) disbelieve(a *attempt) {
	p, began := a.placement, !a.waits()
	c.live.remove(a)
	c.leaveStream(a)
	delete(a.run.live, a.trial)
	p.attempts = slices.DeleteFunc(p.attempts, func(o *attempt) bool { return o == a })
	switch {
	case !p.alive():
		delete(c.tasks, p.task)
		a.run.tasks--
		took := taken(p.demand)
		a.run.used.Add(&took, -1)
		c.cfg.Packer.TaskEnded(p.agent, p.counted(), 1)
		c.resourcesFreed, c.packDue = true, true
	case began:
		p.first().launched = c.now // its turn has come
	}
}

// journalEnded writes the trials that have ended one by one; where the journal has kept those that began, only the
// others.
func (c *Core) journalEnded(run *run, kept bool) {
	for t := ThenTrial; t < run.total; t++ {
		if s, n := run.state(t), run.lastAttempt(t); s != sweep.Waiting && (n == 0 || !kept) {
			c.journal(journal.TrialEntry{Sweep: run.id, Trial: t, State: s, Attempt: n})
		}
	}
}
