package scheduler

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// Restore makes a core from what a journal holds. The next Ready announces the sweeps, and repeats the records
// that the bucket may lack; then the core waits for Subscribed, and reconciles what ran. Acknowledgements that were
// owed need no entry: Mesos repeats every update it has no acknowledgement of, and the points' numbers tell
// what is new.
func Restore(now time.Time, cfg Config, entries iter.Seq2[journal.Entry, error]) (*Core, error) {
	c := NewCore(cfg)
	c.now = now
	for e, err := range entries {
		if err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		if err := c.restore(e); err != nil {
			return nil, fmt.Errorf("restore from journal: %w", err)
		}
	}
	for _, run := range c.order {
		if err := c.resume(run); err != nil {
			return nil, fmt.Errorf("restore from journal: sweep %s: %w", run.id, err)
		}
		c.advanceTouched()
	}
	if len(cfg.Cordons) > 0 {
		c.setCordons(cfg.Cordons)
	}
	return c, nil
}

// Framework is the id the master knows this scheduler by; empty before the first subscription.
func (c *Core) Framework() cluster.FrameworkID { return c.framework }

// Ended yields the trials of a sweep, and its step, that began and have ended, with the number of the last attempt of
// each.
func (c *Core) Ended(sweepID string) iter.Seq2[int, int] {
	return func(yield func(trial, attempt int) bool) {
		run := c.runs[sweepID]
		if run == nil {
			return
		}
		for t := ThenTrial; t < run.total; t++ {
			if n := run.lastAttempt(t); n > 0 && run.state(t).Terminal() && !yield(t, n) {
				return
			}
		}
	}
}

// Behind finds a trial, or the step, of which somebody knows the end of an attempt that this core does not: its journal
// is an older one, since an end is in the journal before anybody hears of it. has reports whether the end of an attempt
// is known.
func (c *Core) Behind(sweepID string, has func(trial, attempt int) bool) (trial int, behind bool) {
	run := c.runs[sweepID]
	if run == nil {
		return 0, false
	}
	for t := ThenTrial; t < run.total; t++ {
		n := run.lastAttempt(t)
		if has(t, n+1) || run.live[t] != nil && has(t, n) {
			return t, true
		}
	}
	return 0, false
}

func (c *Core) restore(e journal.Entry) error {
	switch e := e.(type) {
	case journal.FrameworkEntry:
		c.framework = e.ID
	case journal.ExecutorEntry:
		c.rememberExecutor(e)
	case journal.SweepEntry:
		return c.restoreSweep(e)
	case journal.TrialEntry:
		return c.restoreTrial(e)
	case journal.RecordEntry:
		run := c.runs[e.Sweep]
		if run == nil {
			return fmt.Errorf("record %d of unknown sweep %s", e.Number, e.Sweep)
		}
		run.records = max(run.records, e.Number)
		c.note(Recorded{Number: e.Number, Record: e.Record})
	default:
		return fmt.Errorf("entry of unexpected type %T", e)
	}
	return nil
}

func (c *Core) restoreSweep(e journal.SweepEntry) error {
	spec, err := c.cfg.Parse(e)
	if err != nil {
		return fmt.Errorf("parse spec of sweep %s again: %w", e.ID, err)
	}
	run, err := c.newRun(e.ID, spec)
	if err != nil {
		return err
	}
	if !e.Phase.Ended() {
		if run.executor, err = c.executorSpecFor(e.ID, spec); err != nil {
			return fmt.Errorf("take sweep %s up again: %w", e.ID, err)
		}
	}
	run.entry = e
	run.records = max(e.Records, e.Stored)
	run.best, run.bestTrial = e.Best, e.BestTrial
	if e.Phase.Ended() {
		if err := run.restoreEnded(); err != nil {
			return fmt.Errorf("sweep %s: %w", e.ID, err)
		}
	}
	c.submissions = max(c.submissions, e.Number)
	c.register(run)
	c.note(SweepStarted{Sweep: e.ID, Spec: spec, At: e.Submitted, Resumed: true})
	return nil
}

func (r *run) restoreEnded() error {
	if err := journal.UnpackRuns(r.entry.States, r.states); err != nil {
		return err
	}
	if err := journal.UnpackRuns(r.entry.Attempts, r.attempts); err != nil {
		return err
	}
	r.entry.States, r.entry.Attempts = nil, nil
	r.counts = [sweep.Cached + 1]int{}
	for _, s := range r.states[:r.total] {
		if s > uint8(sweep.Cached) {
			return fmt.Errorf("state %d is unknown", s)
		}
		r.counts[s]++
	}
	r.queue.Clear()
	return nil
}

// restoreTrial puts one trial back where it stood.
func (c *Core) restoreTrial(e journal.TrialEntry) error {
	run := c.runs[e.Sweep]
	if run != nil && e.Attempt == 0 && e.AskSeq == 0 && (e.State == sweep.Waiting || e.Trial >= run.total) {
		if e.State != sweep.Waiting { // as releases before left it of trials that an extension did away with
			c.journal(journal.TrialEntry{Sweep: run.id, Trial: e.Trial})
		}
		return nil // it never had a turn
	}
	if run == nil || !run.has(e.Trial) || e.Attempt < 0 || e.Attempt > math.MaxUint16 || e.State > sweep.Cached {
		return fmt.Errorf("trial %d of sweep %s does not fit the sweep", e.Trial, e.Sweep)
	}
	run.restoreSteps(&e)
	run.stops.restore(e.Trial, e.State, e.Stop, &e.Value)
	run.restoreRace(&e)
	if run.entry.Phase.Ended() {
		return nil // kept for its turns only
	}
	slot := run.slot(e.Trial)
	if e.Trial != ThenTrial {
		run.counts[run.states[slot]]--
		run.counts[e.State]++
		run.queue.Restore(e.Trial)
	}
	run.states[slot], run.attempts[slot] = uint8(e.State), uint16(e.Attempt)
	if e.Budget != (journal.Budget{}) {
		run.budgets[e.Trial] = e.Budget
	}
	switch e.State {
	case sweep.Launched, sweep.Running:
		run.revived = append(run.revived, e)
	case sweep.Waiting:
		due := e.Due
		if due.Before(c.now) {
			due = c.now
		}
		if most := c.now.Add(mostDelay); due.After(most) {
			due = most // the clock was set back since
		}
		c.delay(run, e.Trial, due)
	default:
		run.restoreResult(e)
	}
	return nil
}

// restoreResult keeps how an ended trial did.
func (r *run) restoreResult(e journal.TrialEntry) {
	if e.Trial == ThenTrial {
		return
	}
	switch e.State {
	case sweep.Succeeded, sweep.Cached:
		r.consider(e.Trial, &e.Value)
	case sweep.Failed:
		r.failures.add(e.Reason, e.Trial)
	}
}

// restoreAttempt believes again in an attempt that was alive when the journal was written.
func (c *Core) restoreAttempt(run *run, e journal.TrialEntry) error {
	att := &attempt{
		run: run, trial: e.Trial, number: e.Attempt, place: e.Place,
		launched: e.Launched, started: e.Started, points: e.Points, missing: e.Missing, value: e.Value,
		killing: killReason(e.KillReason), reason: e.Reason,
	}
	if p := c.tasks[e.Task]; p != nil {
		att.placement = p // which an earlier attempt of the bundle has brought back
		return c.restoreSeed(att)
	}
	att.placement = &placement{
		task: e.Task, bundle: e.Task != "", agent: e.Agent, host: e.Host, executor: e.Executor,
	}
	if !att.bundle {
		att.task = att.id()
	}
	if e.Trial == ThenTrial {
		if att.demand = c.thenDemand(run); att.demand == nil {
			return nil
		}
	} else {
		d, _, err := run.queue.Demand(e.Trial)
		if err != nil {
			return err
		}
		if att.demand = c.completeDemand(run, d); run.executor.shared != "" &&
			c.packerID(e.Agent, e.Executor) != run.executor.shared.In(c.roleOf(e.Agent, e.Executor)) {
			att.demand = c.completeIsolated(run, run.queue.IsolatedDemand(d))
		}
	}
	if err := c.restoreSeed(att); err != nil {
		return err
	}
	c.health.RecordStart(e.Agent, e.Host)
	att.role = c.roleOf(e.Agent, e.Executor)
	c.cfg.Packer.TaskStarted(e.Agent, att.counted(), 1)
	if !att.started.IsZero() {
		c.watchRun(att)
		c.watchBudget(att)
	} else {
		c.watchLaunch(att, 0)
	}
	return nil
}

// restoreSeed completes an attempt that is believed again.
func (c *Core) restoreSeed(att *attempt) error {
	order, err := c.taskOrder(att.run, att.trial, att.number)
	if err != nil {
		return err
	}
	att.seed, att.key = order.Seed, att.run.builder.Key(&order)
	c.believe(att)
	c.joinStream(att, 0)
	return nil
}

// resume goes on with a sweep from where the journal left it.
func (c *Core) resume(run *run) error {
	if err := run.search.Replay(); err != nil {
		return err
	}
	slices.SortStableFunc(run.revived, func(a, b journal.TrialEntry) int { return a.Place - b.Place })
	for _, e := range run.revived {
		if err := c.restoreAttempt(run, e); err != nil {
			return fmt.Errorf("trial %d: %w", e.Trial, err)
		}
	}
	run.revived = nil
	run.queue.Resume()
	if !run.entry.Phase.Ended() && !run.entry.Paused {
		c.startClock(run)
	}
	switch run.entry.Phase {
	case sweep.PhaseActive:
		c.touch(run)
	case sweep.PhaseSelecting, sweep.PhaseThen:
		c.endUnlaunchedTrials(run, run.entry.Reason) // those that a target kept from starting have no entries
		if run.entry.Phase == sweep.PhaseSelecting {
			c.note(Select{Sweep: run.id})
		}
	case sweep.PhaseDraining:
		c.endAllUnlaunched(run, run.entry.Reason)
		for _, att := range run.inOrder() {
			if run.killing() && att.killing == notKilled {
				att.killing, att.reason = killStopped, run.entry.Reason
			}
		}
		c.touch(run)
	default:
		c.repeatUnstarted(run)
		c.note(SweepEnded{
			Sweep: run.id, Phase: run.entry.Phase, Reason: run.entry.Reason, Counts: run.Counts(),
			Seconds: run.entry.Ended.Sub(run.entry.Submitted).Seconds(), Resumed: true,
		})
	}
	return nil
}

// repeatUnstarted tells again which trials of an ended sweep never started: they have no records.
func (c *Core) repeatUnstarted(run *run) {
	for t := 0; t < run.total; t++ {
		from := t
		for t < run.total && run.attempts[t] == 0 && sweep.State(run.states[t]) == sweep.Stopped {
			t++
		}
		if t > from {
			c.note(NeverStarted{Sweep: run.id, From: from, To: t, Reason: run.entry.Reason})
		}
	}
}
