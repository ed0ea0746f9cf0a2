package board

import "github.com/kaon-sweep/kaon/sweep"

// Close tells the board that trials which no record names will never start: the sweep was stopped, or has
// reached what it was for. They count as stopped from here on, as the scheduler counts them. The reason is
// one sentence; the first one stays.
func (b *Board) Close(reason string) {
	if b.standing.closed == "" {
		b.standing.closed = reason
	}
}

// Extend tells the board that the sweep goes on, by as many trials in all: those that no record names may start.
func (b *Board) Extend(trials int) { b.cfg.Trials, b.standing.closed = trials, "" }

// Closed is the reason of Close; empty when trials may still start.
func (b *Board) Closed() string { return b.standing.closed }

// Idle tells the board that no attempt runs any more, so attempts without an End are over and their trials
// wait: whatever ran them is gone, and a resume starts them anew.
func (b *Board) Idle() { b.standing.idle = true }

// Heard says whether a record names a trial.
func (b *Board) Heard(index int) bool { return b.known(index) != nil }

// stateOf is the state of a trial that records name.
func (b *Board) stateOf(t *trial) sweep.State {
	if t.state == sweep.Running && b.standing.idle {
		return sweep.Waiting
	}
	return t.state
}

// Unstarted is the state of the trials that no record names.
func (b *Board) Unstarted() sweep.State {
	if b.standing.closed != "" {
		return sweep.Stopped
	}
	return sweep.Waiting
}

// size is how many trials there are, as far as the board can list them.
func (b *Board) size() int { return min(max(b.cfg.Trials, b.trials), sweep.MaxTrials) }
