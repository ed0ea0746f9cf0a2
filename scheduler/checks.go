package scheduler

import (
	"fmt"

	"github.com/kaon-sweep/kaon/sweep"
)

func (c *Core) checkSweep(id string) error {
	if c.runs[id] == nil {
		return fmt.Errorf("sweep %s: %w", id, ErrUnknown)
	}
	return nil
}

// checkRetry refuses a retry of what is about to end, and one whose executors could not be started.
func (c *Core) checkRetry(id string) error {
	if err := c.checkSweep(id); err != nil {
		return err
	}
	if phase := c.runs[id].entry.Phase; phase != sweep.PhaseActive && !phase.Ended() {
		return fmt.Errorf("retry sweep %s: %w: %s", id, ErrEnding, phase)
	}
	if _, err := c.executorSpecFor(id, c.runs[id].spec); err != nil {
		return fmt.Errorf("retry sweep %s: %w", id, err)
	}
	return nil
}

// checkForget refuses to forget what is still at work, or not yet stored and wanted.
func (c *Core) checkForget(ev Forget) error {
	id := ev.Sweep
	if err := c.checkSweep(id); err != nil {
		return err
	}
	if r := c.runs[id]; !r.forgettable() && !(ev.Unstored && r.entry.Phase.Ended()) {
		return fmt.Errorf("forget sweep %s: %w", id, ErrAtWork)
	}
	return nil
}

// checkActive refuses what would change a sweep that has ended.
func (c *Core) checkActive(id string) error {
	if err := c.checkSweep(id); err != nil {
		return err
	}
	if phase := c.runs[id].entry.Phase; phase.Ended() {
		return fmt.Errorf("sweep %s: %w: %s", id, ErrEnded, phase)
	}
	return nil
}

// checkTrial refuses what a trial cannot be told any more, or, when it must listen, not now.
func (c *Core) checkTrial(id string, trial int, listening bool) error {
	if err := c.checkSweep(id); err != nil {
		return err
	}
	run := c.runs[id]
	if trial == ThenTrial && !run.spec.Then.Step() {
		return fmt.Errorf("sweep %s has no `then` step of its own: %w", id, ErrUnknownTrial)
	}
	if !run.has(trial) {
		return fmt.Errorf("trial %d of sweep %s, which has trials 0 to %d: %w", trial, id, run.total-1, ErrUnknownTrial)
	}
	state := run.state(trial)
	switch att := run.live[trial]; {
	case state.Terminal():
		return fmt.Errorf("trial %d of sweep %s: %w: %s", trial, id, ErrEnded, state)
	case listening && (att == nil || att.started.IsZero()):
		return fmt.Errorf("trial %d of sweep %s: %w: %s", trial, id, ErrNotRunning, state)
	}
	return nil
}
