package scheduler

import (
	"fmt"
	"slices"

	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// checkExtend refuses an extension that cannot be carried out, or would run nothing.
func (c *Core) checkExtend(ev Extend) error {
	_, err := c.extensionOf(ev)
	return err
}

// extensionOf makes all that can fail of an extension, and changes nothing.
func (c *Core) extensionOf(ev Extend) (x extension, err error) {
	if err := c.checkSweep(ev.Sweep); err != nil {
		return x, err
	}
	run := c.runs[ev.Sweep]
	phase := run.entry.Phase
	if phase != sweep.PhaseActive && !phase.Ended() {
		return x, fmt.Errorf("sweep %s: %w: %s", ev.Sweep, ErrEnding, phase)
	}
	if x, err = c.planExtension(run, ev); err != nil {
		return x, fmt.Errorf("extend sweep %s: %w", ev.Sweep, err)
	}
	if n, l := run.counts[sweep.Failed], x.spec.Limits; phase.Ended() && l.Reached(n, x.spec.Trials) {
		return x, fmt.Errorf("extend sweep %s: %d of its trials have failed, which would end it at once (%s): raise "+
			"`limits.failed`, or run those again first with `kaon retry`", ev.Sweep, n, l.FailedText())
	}
	if phase.Ended() && x.spec.Trials <= run.untouched() && run.neverStarted() == 0 {
		return x, fmt.Errorf("extend sweep %s: %w", ev.Sweep, ErrNothingWaits)
	}
	return x, nil
}

// extension is what a sweep goes on with.
type extension struct {
	spec     *sweep.Spec
	builder  *task.Builder
	uniform  *resource.Resources
	executor executorSpec
}

// planExtension makes what a sweep would go on with.
func (c *Core) planExtension(run *run, ev Extend) (x extension, err error) {
	if x.spec, err = run.spec.Extend(ev.Spec, run.untouched()); err != nil {
		return x, err
	}
	if x.builder, err = c.cfg.Builder(run.id, x.spec); err != nil {
		return x, err
	}
	if x.executor, err = c.executorSpecFor(run.id, x.spec); err != nil {
		return x, err
	}
	if x.builder.Uniform() {
		need, err := x.builder.Demand(nil)
		if err != nil {
			return x, err
		}
		x.uniform = &need
	}
	if x.spec.Former != nil { // whether there is such a method
		_, err = c.cfg.Search(x.spec)
	}
	return x, err
}

// untouched is the first trial behind all that have begun or whose points were asked for.
func (r *run) untouched() int {
	t := r.total
	for t > 0 && r.attempts[t-1] == 0 && r.search.Steps(t-1).Ask == 0 {
		t--
	}
	return t
}

// neverStarted is how many trials of an ended sweep were stopped before they began.
func (r *run) neverStarted() (n int) {
	for t := range r.total {
		if r.attempts[t] == 0 && sweep.State(r.states[t]) == sweep.Stopped {
			n++
		}
	}
	return n
}

// unstopped is the trials stopped before they began that an extension to total trials brings back, where the sweep has
// ended, or does away with. The journal may have them as stopped, which they would be after a restart; these when the
// sweep grows again.
func (r *run) unstopped(total int, ended bool) (all []int) {
	for t := range r.total {
		if (ended || t >= total) && r.attempts[t] == 0 && sweep.State(r.states[t]) == sweep.Stopped {
			all = append(all, t)
		}
	}
	return all
}

// extend goes on with a sweep by another spec.
func (c *Core) extend(ev Extend) {
	x, err := c.extensionOf(ev)
	if err != nil {
		return
	}
	run := c.runs[ev.Sweep]
	from, learnt := run.untouched(), run.search.Learns()
	if err := run.search.Extend(x.spec); err != nil {
		c.note(Anomaly{Message: fmt.Sprintf("sweep %s not extended", run.id), Err: err})
		return
	}
	run.entry.Extensions = append(slices.Clip(run.entry.Extensions),
		journal.Extension{From: from, Overrides: ev.Overrides, At: c.now})
	run.stops.extend(x.spec)
	kept := run.entry.KeepTrials
	run.entry.KeepTrials = kept || run.keepsTrials()
	ended := run.entry.Phase.Ended()
	run.spec, run.builder, run.executor = x.spec, x.builder, x.executor
	var unstopped []int
	if !ended || kept { // else the journal has none of them
		unstopped = run.unstopped(x.spec.Trials, ended)
	}
	next := run.grow(x.spec.Trials, ended)
	if run.race != nil {
		run.race.Extend(x.spec)
		if ended {
			run.race.Reset() // the queue was cleared
		}
	}
	run.queue.Extend(run.total, next, x.uniform)
	if ended {
		c.goOn(run)
		run.first, run.unstartable, run.reached = firstFailures{}, "", nil
	}
	c.journalSweep(run)
	for _, t := range unstopped {
		c.journal(journal.TrialEntry{Sweep: run.id, Trial: t})
	}
	switch {
	case run.search.Learns() && !learnt:
		c.teach(run)
	case ended && !kept:
		c.journalEnded(run, false)
	}
	if ended {
		c.note(SweepStarted{Sweep: run.id, Spec: run.spec, At: run.entry.Submitted, Resumed: true})
	} else {
		c.watchClock(run)
		c.watchBudgets(run)
	}
	c.retellSoon() // its points may be wanted sooner now, or later
	c.note(SweepExtended{Sweep: run.id, Spec: run.spec, Extensions: run.entry.Extensions})
	c.touch(run)
	c.requestOffers()
}

// grow gives the run as many trials; of an ended one, those that never started wait again. It answers the first
// trial that never had a turn.
func (r *run) grow(total int, reopen bool) (next int) {
	states, attempts := make([]uint8, total+1), make([]uint16, total+1)
	kept := min(r.total, total) // those beyond have not begun
	copy(states, r.states[:kept])
	copy(attempts, r.attempts[:kept])
	states[total], attempts[total] = r.states[r.total], r.attempts[r.total]
	r.total, r.states, r.attempts = total, states, attempts
	next = total
	r.counts = [sweep.Cached + 1]int{}
	for t := total - 1; t >= 0; t-- {
		if reopen && attempts[t] == 0 && sweep.State(states[t]) == sweep.Stopped {
			states[t] = uint8(sweep.Waiting)
		}
		if attempts[t] == 0 && sweep.State(states[t]) == sweep.Waiting && r.search.Steps(t).Ask == 0 {
			next = t
		}
		r.counts[states[t]]++
	}
	return next
}

// teach tells a search that now learns how the trials ended that it could not be told of before, and journals
// what it was told.
func (c *Core) teach(run *run) {
	values := map[int]sweep.Series{}
	if c.cfg.Values != nil {
		for trial, value := range c.cfg.Values(run.id) {
			values[trial] = value
		}
	}
	for _, e := range c.ready.Journal { // of this very turn, of which nobody has heard yet
		if e, ok := e.(journal.TrialEntry); ok && e.Sweep == run.id && e.State.Terminal() {
			values[e.Trial] = e.Value
		}
	}
	for t := ThenTrial; t < run.total; t++ {
		state := run.state(t)
		if run.lastAttempt(t) == 0 || !state.Terminal() {
			continue
		}
		e := journal.TrialEntry{
			Sweep: run.id, Trial: t, State: state, Attempt: run.lastAttempt(t), Value: values[t],
			Stop: run.stops.memory(t),
		}
		setSteps(&e, run.observe(t, state, &e.Value))
		c.journal(e)
	}
}

// watchClock has the limits of a sweep's time watched, if it runs.
func (c *Core) watchClock(run *run) {
	if !run.clockStart.IsZero() {
		c.scheduleClockCheck(run)
	}
}
