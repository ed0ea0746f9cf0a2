package scheduler

import (
	"github.com/kaon-sweep/kaon/sweep"
)

// touch notes that something happened to a sweep, so that what it means for the sweep is looked at when the step is
// done.
func (c *Core) touch(run *run) {
	if !run.touched {
		run.touched = true
		c.touched = append(c.touched, run)
	}
}

// drain lets no more trials of a sweep start; with kill it ends the running ones too. The first reason stands,
// but a later drain may still kill.
func (c *Core) drain(run *run, outcome sweep.Phase, reason string, kill bool) {
	kill = kill && !run.killing()
	switch run.entry.Phase {
	case sweep.PhaseActive, sweep.PhaseSelecting, sweep.PhaseThen:
		run.entry.Phase, run.entry.Outcome, run.entry.Reason, run.entry.Killing = sweep.PhaseDraining, outcome,
			reason, kill
		c.journalSweep(run)
		c.note(SweepEnding{Sweep: run.id, Reason: reason})
		c.endAllUnlaunched(run, reason)
	case sweep.PhaseDraining:
		if !kill {
			return
		}
		run.entry.Killing = true
		c.journalSweep(run)
	default:
		return
	}
	if kill {
		c.killAll(run.inOrder(), killStopped, reason)
	} else {
		c.recall(run)
	}
	c.touch(run)
}
