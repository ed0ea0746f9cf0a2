package scheduler

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/health"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
)

// mostProbes is how many losses of a trial on agents on probation are free of charge: otherwise a trial that kills
// its own executor would be retried for ever.
const mostProbes = 3

// finish ends a live attempt: its record, its trial's next state, the packer's and the tracker's books, and what
// of it may matter to the sweep.
func (c *Core) finish(att *attempt, v classification, points *results.Record) {
	run, p := att.run, att.placement
	c.disbelieve(att)
	v = c.resolveRetryScope(att, v)
	c.judgeAgent(att, v)
	// A trial may fill a disk and hide it, wherever it is.
	if v.outcome == sweep.AttemptLost && att.probe && !v.uncharged && !v.agentFaulty &&
		run.probed[att.trial] < mostProbes &&
		!c.health.FailingElsewhere(att.agent, c.could(att)) {
		v.uncharged = true // it was put at risk to learn whether its agent is well again
		run.probed[att.trial]++
	}
	c.recordPrefetch(att, v)
	c.observeExecutorEnd(att)

	c.noteLoss(att, v)
	run.learnDuration(v)
	if att.coTerminated > 0 {
		run.queue.Isolate(att.trial)
	}
	c.conclude(att, v, points)
	run.noteFirstFailure(att, v, c.now)
	c.nextTurn(p)
	c.shutdownIdle(att.agent)
}

// giveBack ends an attempt of a bundle that never began. Its trial waits again, free of charge, and the longer where
// the launch of its task was dropped.
func (c *Core) giveBack(att *attempt, reason string, dropped bool) {
	p, first := att.placement, !att.waits()
	c.disbelieve(att)
	v := classification{outcome: sweep.AttemptLost, uncharged: true, agentNotBlamed: true, unbegun: true,
		dropped: dropped, reason: reason}
	if att.killing != notKilled && !att.killing.goesOn() {
		v.outcome, v.reason = sweep.AttemptStopped, att.reason
	}
	if first {
		c.judgeAgent(att, v)
	}
	c.conclude(att, v, nil)
	if first {
		c.nextTurn(p)
	}
}

// giveBackRest gives back what has not begun of a bundle that has ended, why it has, and whether its launch was
// dropped.
func (c *Core) giveBackRest(p *placement, why string, dropped bool) {
	for len(p.attempts) > 1 {
		c.giveBack(p.attempts[1], "its task ended before its turn came: "+why, dropped)
	}
}

// nextTurn takes in that the next attempt of a bundle is the one that runs.
func (c *Core) nextTurn(p *placement) {
	if p.alive() {
		p.probe = c.health.RecordStart(p.agent, "")
	}
}

// conclude keeps how an attempt ended, and moves its trial on.
func (c *Core) conclude(att *attempt, v classification, points *results.Record) {
	run := att.run
	to, due := c.nextState(att, v)
	run.stops.end(att.trial)
	if !v.unbegun || to.Terminal() {
		c.recordEnd(att, v, to, points)
	}
	c.commitTrial(att, v, to, due)
	if to.Terminal() {
		c.trialEnded(att, v, to)
	}
	c.touch(run)
}

// judgeAgent counts the end of an attempt for or against its agent, and leaves the agent alone where that is to be.
func (c *Core) judgeAgent(att *attempt, v classification) {
	x := c.health.RecordEnd(c.now, health.End{
		Agent: att.agent, Host: att.host, Launched: att.launched, Started: att.started,
		Succeeded: v.outcome == sweep.AttemptSucceeded, Lost: v.outcome == sweep.AttemptLost,
		NotBlamed: v.outcome == sweep.AttemptStopped || v.outcome == sweep.AttemptPreempted || v.uncharged ||
			v.agentNotBlamed ||
			!att.unreachableSince.IsZero(),
		Faulty: v.agentFaulty, Refused: v.dropped, ExecutorTold: att.endSource == sourceExecutor, Could: c.could(att),
	})
	if x.Until.IsZero() {
		return
	}
	a, _ := c.health.Agent(att.agent)
	switch {
	case x.Avoid:
		why := fmt.Sprintf("%d attempts in a row died within %v, last: %s", x.InARow, health.FastFailure, v.reason)
		c.health.Blame(att.agent, why)
		c.note(AgentAvoided{Agent: att.agent, Host: a.Host, Until: x.Until, Reason: why})
	case v.dropped:
		c.health.Blame(att.agent, "took nothing several times in a row, last: "+v.reason)
	default:
		c.health.Blame(att.agent, "lost an attempt: "+v.reason)
	}
	c.timers.Set(x.Until, func(time.Time) {
		if !c.health.Readmit(att.agent, x.Until) {
			return
		}
		if x.Avoid {
			c.note(AgentAvoided{Agent: att.agent, Host: a.Host})
		}
		c.requestOffers()
	})
}

// could asks the packer whether an agent other than those excepted could take an attempt.
func (c *Core) could(att *attempt) func(except func(offers.AgentID) bool) bool {
	return func(except func(offers.AgentID) bool) bool { return c.cfg.Packer.Could(att.demand, except) }
}

// nextState decides whether the trial gets another attempt, and not before when.
func (c *Core) nextState(att *attempt, v classification) (to sweep.State, due time.Time) {
	run := att.run
	if !v.dropped && !v.unbegun {
		delete(run.dropped, att.trial)
	}
	switch {
	case v.outcome == sweep.AttemptSucceeded:
		return sweep.Succeeded, due
	case v.outcome == sweep.AttemptStopped:
		return sweep.Stopped, due
	}
	again, delay := true, v.wait
	switch {
	case v.retry == nowhere || v.retry == noTrial:
		again = false
	case v.dropped:
		run.dropped[att.trial]++
		delay = timer.Backoff(firstDelay, mostDelay, run.dropped[att.trial]-1)
	case !v.uncharged:
		b := run.budgets[att.trial]
		again, delay = charge(&b, v.outcome, run.spec.Task.Retries, &c.cfg)
		run.budgets[att.trial] = b
	}
	open := run.entry.Phase == sweep.PhaseActive || att.trial == ThenTrial && run.entry.Phase == sweep.PhaseThen
	switch {
	case again && open:
		return sweep.Waiting, c.now.Add(delay)
	case again:
		return sweep.Stopped, due // it would have been tried again, had the sweep not been ending
	default:
		return sweep.Failed, due
	}
}

// commitTrial moves the trial, journals it, and sets the delay of its next attempt.
func (c *Core) commitTrial(att *attempt, v classification, to sweep.State, due time.Time) {
	run := att.run
	e := journal.TrialEntry{
		Sweep: run.id, Trial: att.trial, State: to, Attempt: att.number, Budget: run.budgets[att.trial],
		Due: due, Value: att.value,
	}
	if to.Terminal() {
		delete(run.budgets, att.trial)
		delete(run.dropped, att.trial)
		delete(run.probed, att.trial)
		run.queue.Forget(att.trial)
		e.Budget = journal.Budget{}
	}
	if to == sweep.Failed {
		e.Reason = v.reason
	}
	setSteps(&e, run.search.Steps(att.trial))
	e.Stop = run.stops.memory(att.trial)
	if to.Terminal() {
		setSteps(&e, run.observe(att.trial, to, &att.value))
		run.raced(att.trial, to, &att.value)
	}
	c.journal(e)
	c.moved(run, att.trial, to, att.where(), v.reason)
	if to == sweep.Waiting {
		c.delay(run, att.trial, due)
	}
}

// recordEnd records how an attempt ended, with its last points.
func (c *Core) recordEnd(att *attempt, v classification, to sweep.State, points *results.Record) {
	run := att.run
	rec := results.Record{Sweep: run.id, Trial: att.trial, Attempt: att.number, First: att.points}
	if points != nil {
		rec = *points
	}
	rec.End = c.endRecord(att, v, to.Terminal())
	if to == sweep.Stopped {
		rec.End.State = sweep.AttemptStopped // whatever ended the attempt, what ended the trial was its sweep
	}
	c.record(run, rec)
}

// endRecord is the last word on an attempt for its record.
func (c *Core) endRecord(att *attempt, v classification, final bool) *results.End {
	e := &results.End{
		State: v.outcome.Recorded(), Final: final, Points: att.points, Reason: v.reason, Agent: att.host,
		StartMs: att.launched.UnixMilli(), EndMs: c.now.UnixMilli(),
	}
	if !att.started.IsZero() {
		e.StartMs = att.started.UnixMilli()
	}
	if x := v.end; x != nil {
		e.Exit, e.Signal, e.Stderr, e.Sandbox, e.Files, e.Unread = x.Exit, x.Signal, x.Stderr, x.Sandbox,
			x.Artifacts, x.Unread
		e.Undelivered = x.Undelivered
		if x.StartMs != 0 {
			e.StartMs, e.EndMs = x.StartMs, x.EndMs
		}
	}
	e.Seed, e.Key, e.Task = att.seed, att.key, att.otherTask()
	if final && (v.outcome == sweep.AttemptStopped || att.killing == killDone) {
		e.Stop = att.stopped()
	}
	if att.trial == ThenTrial {
		e.Params = att.run.entry.Params
	} else if p, err := att.run.point(att.trial); err == nil {
		e.Params, _ = json.Marshal(p) // a point that was launched has been marshalled before
	}
	return e
}

// recordPrefetch counts failures of the agents' prefetch in a row: after maxPrefetchFailures of them the sweep goes on
// without it.
func (c *Core) recordPrefetch(att *attempt, v classification) {
	r := att.run
	switch {
	case !att.prefetched || r.prefetchFailures >= maxPrefetchFailures:
	case v.prefetchFailed:
		if r.prefetchFailures++; r.prefetchFailures == maxPrefetchFailures {
			c.note(PrefetchDisabled{Sweep: r.id, Reason: v.reason})
		}
	case !att.started.IsZero() || v.end != nil:
		r.prefetchFailures = 0
	}
}

// Delays before the next attempt. Failures double from half a second, so that a trial that fails at once does
// not eat an agent, up to a minute; losses likewise, since what broke may need a while to mend.
const (
	firstDelay = 500 * time.Millisecond
	mostDelay  = time.Minute
)

// charge counts one end against the budget and says whether another attempt is allowed, and after which delay.
func charge(b *journal.Budget, kind sweep.Outcome, retries int, cfg *Config) (again bool, delay time.Duration) {
	var used, allowed int
	switch kind {
	case sweep.AttemptFailed:
		b.Failures++
		used, allowed = b.Failures, retries
	case sweep.AttemptTimedOut:
		b.Timeouts++
		used, allowed = b.Timeouts, retries
	default:
		b.Losses++
		used, allowed = b.Losses, cfg.PlatformLosses
	}
	return used <= allowed, timer.Backoff(firstDelay, mostDelay, used-1)
}

// resolveRetryScope ends what cannot become right: the trial, and where it goes for all trials the sweep.
func (c *Core) resolveRetryScope(att *attempt, v classification) classification {
	switch v.retry {
	case anywhere:
		if !att.started.IsZero() {
			att.run.lacking = nil
		}
		return v
	case elsewhere:
		if !slices.Contains(att.run.lacking, att.agent) {
			att.run.lacking = append(att.run.lacking, att.agent)
		}
		if !c.lackingEverywhere(att) {
			return v
		}
		v.retry = noTrial
	}
	if v.outcome == sweep.AttemptLost {
		v.outcome = sweep.AttemptFailed
	}
	return v
}

// lackingEverywhere reports whether all agents that could take an attempt lack what it needs, or enough of them.
func (c *Core) lackingEverywhere(att *attempt) bool {
	refusing := att.run.lacking
	return len(refusing) >= lackingAgents ||
		!c.cfg.Packer.Could(att.demand, func(id offers.AgentID) bool { return slices.Contains(refusing, id) })
}

// noteLoss tells of a lost attempt, but not of one that met a foreign agent: that agent's own notice says so.
func (c *Core) noteLoss(att *attempt, v classification) {
	if v.outcome != sweep.AttemptLost || att.startExit == cluster.ExitWrongArch {
		return
	}
	r := att.run
	r.loss = Loss{Trial: att.trial, Attempt: att.number, Agent: att.where(), Reason: v.reason, At: c.now,
		Count: r.loss.Count + 1}
	c.note(AttemptLost{Sweep: r.id, Loss: r.loss})
}

// loseTask ends a task whose end nobody will report: its first attempt ends as v says, or as it was to end if it was
// being killed; attempts that had not begun go back to the queue.
func (c *Core) loseTask(p *placement, v classification) {
	c.giveBackRest(p, v.reason, v.dropped)
	if p.alive() {
		c.finish(p.first(), asWanted(p.first(), v), nil)
	}
}

// learnDuration takes in how long an attempt took that ran to its own end.
func (r *run) learnDuration(v classification) {
	if e := v.end; e != nil && !e.Killed && e.StartMs != 0 && v.outcome != sweep.AttemptLost {
		r.took.add(time.UnixMilli(e.EndMs).Sub(time.UnixMilli(e.StartMs)))
	}
}
