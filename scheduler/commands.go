package scheduler

import (
	"fmt"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// validate refuses commands about what does not exist, has ended, or would not hear them.
func (c *Core) validate(cmd Command) error {
	switch ev := cmd.(type) {
	case Stop:
		return c.checkActive(ev.Sweep)
	case Pause:
		return c.checkActive(ev.Sweep)
	case Resume:
		return c.checkActive(ev.Sweep)
	case StopTrial:
		return c.checkTrial(ev.Sweep, ev.Trial, false)
	case SendMessage:
		return c.checkTrial(ev.Sweep, ev.Trial, true)
	case Retry:
		return c.checkRetry(ev.Sweep)
	case Extend:
		return c.checkExtend(ev)
	case Forget:
		return c.checkForget(ev)
	case Won:
		return c.checkSweep(ev.Sweep)
	}
	return nil
}

// submit takes a sweep. A second submission of the same id changes nothing, so clients may repeat themselves.
func (c *Core) submit(ev Submit) {
	if c.runs[ev.ID] != nil {
		c.note(SubmitRefused{Sweep: ev.ID, Err: fmt.Errorf("submit %s: %w", ev.ID, ErrExists)})
		return
	}
	run, err := c.newRun(ev.ID, ev.Spec)
	if err == nil {
		run.executor, err = c.executorSpecFor(ev.ID, ev.Spec)
	}
	if err != nil {
		c.note(SubmitRefused{Sweep: ev.ID, Err: err})
		return
	}
	c.submissions++
	run.entry = journal.SweepEntry{
		ID: ev.ID, Number: c.submissions, File: ev.Spec.File, Source: ev.Spec.Source, Seed: ev.Spec.Seed,
		Overrides: ev.Overrides, Submitted: c.now, Phase: sweep.PhaseActive, BestTrial: -1,
		KeepTrials: run.keepsTrials(), Owner: ev.Owner,
	}
	c.register(run)
	c.journalSweep(run)
	c.note(SweepStarted{Sweep: ev.ID, Spec: ev.Spec, At: c.now})
	c.startClock(run)
	c.requestOffers()
}

func (c *Core) newRun(id string, spec *sweep.Spec) (*run, error) {
	method, err := c.cfg.Search(spec)
	if err != nil {
		return nil, fmt.Errorf("take sweep %s: %w", id, err)
	}
	builder, err := c.cfg.Builder(id, spec)
	if err != nil {
		return nil, fmt.Errorf("take sweep %s: %w", id, err)
	}
	run, err := newRun(id, spec, search.NewLog(method, spec.Method), builder)
	if err == nil {
		run.startRace(method.Replay())
	}
	return run, err
}

// pause holds a sweep's waiting trials back, or lets them go.
func (c *Core) pause(id string, paused bool) {
	run := c.runs[id]
	if run == nil || run.entry.Phase.Ended() || run.entry.Paused == paused {
		return
	}
	run.entry.Paused = paused
	if paused {
		c.recall(run)
		c.stopClock(run)
	} else {
		c.startClock(run)
	}
	c.journalSweep(run)
	c.requestOffers()
}

// stored lets the journal forget what the bucket holds.
func (c *Core) stored(ev RecordsStored) {
	run := c.runs[ev.Sweep]
	if run == nil {
		return
	}
	through := min(ev.Through, run.records)
	if through <= run.entry.Stored {
		return
	}
	run.entry.Stored = through
	c.journal(journal.TruncateEntry{Sweep: ev.Sweep, Through: through})
}

// stopSweep ends a sweep at a user's wish.
func (c *Core) stopSweep(ev Stop) {
	run := c.runs[ev.Sweep]
	if run == nil || run.entry.Phase.Ended() {
		return
	}
	reason := ev.Reason
	if reason == "" {
		reason = "stopped by the user"
	}
	c.drain(run, sweep.PhaseStopped, reason, true)
}

// stopTrial ends one trial early. A running one is killed and ends when its executor says so.
func (c *Core) stopTrial(ev StopTrial) {
	run := c.runs[ev.Sweep]
	if run == nil || !run.has(ev.Trial) || run.state(ev.Trial).Terminal() {
		return
	}
	if att := run.live[ev.Trial]; att != nil {
		c.kill(att, killStopped, ev.Reason)
		return
	}
	if run.entry.Phase == sweep.PhaseDraining || run.entry.Phase.Ended() {
		return // what waits is a `then` step that will not run
	}
	c.endUnlaunched(run, ev.Trial, sweep.Stopped, ev.Reason)
	if ev.Trial == ThenTrial && (run.entry.Phase == sweep.PhaseSelecting || run.entry.Phase == sweep.PhaseThen) {
		run.thenEnd = &thenEnd{sweep.Stopped, ev.Reason}
	}
	c.touch(run)
}

// sendMessage passes a user's message to a running attempt.
func (c *Core) sendMessage(ev SendMessage) {
	run := c.runs[ev.Sweep]
	if run == nil || run.live[ev.Trial] == nil {
		return
	}
	att := run.live[ev.Trial]
	data := task.Encode(task.Control{Task: string(att.id()), Body: ev.Body, ID: ev.ID})
	c.call(cluster.Message{Agent: att.agent, Executor: att.executor, Data: data})
}

// retry runs the failed trials of a sweep again. While a sweep is ending, or its `then` step is under way, it is too
// late and too early for that: nothing happens.
func (c *Core) retry(ev Retry) {
	run := c.runs[ev.Sweep]
	if run == nil || run.entry.Phase != sweep.PhaseActive && !run.entry.Phase.Ended() ||
		run.counts[sweep.Failed] == 0 && run.state(ThenTrial) != sweep.Failed {
		return
	}
	if run.entry.Phase.Ended() {
		var err error
		// an ended sweep was restored without one
		if run.executor, err = c.executorSpecFor(run.id, run.spec); err != nil {
			c.note(Anomaly{Message: fmt.Sprintf("sweep %s not retried", run.id), Err: err})
			return
		}
		c.goOn(run)
		c.journalTerminals(run)
	}
	for _, t := range run.failedTrials() {
		c.waitAgain(run, t, "retried by the user")
	}
	run.failures, run.reached, run.unstartable = failureReasons{}, nil, ""
	c.note(SweepStarted{Sweep: run.id, Spec: run.spec, At: run.entry.Submitted, Resumed: true})
	if run.allEnded() && run.entry.Phase == sweep.PhaseActive { // only the `then` step failed
		run.entry.Phase = sweep.PhaseThen
	}
	c.journalSweep(run)
	c.requestOffers()
}

// forget keeps nothing more of a sweep that has ended.
func (c *Core) forget(ev Forget) {
	if r := c.runs[ev.Sweep]; r != nil && c.checkForget(ev) == nil {
		c.evict(r)
	}
}

func (r *run) failedTrials() []int {
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
func (c *Core) journalTerminals(run *run) {
	c.journalSweep(run)
	c.journalEnded(run, run.entry.KeepTrials)
}
