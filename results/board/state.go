package board

import "github.com/kaon-sweep/kaon/results"

// state is a state in a byte: a board has a million of them.
type state uint8

const (
	none state = iota // an attempt that has not ended
	waiting
	running
	succeeded
	failed
	stopped
	cached
	lost
	preempted
)

var stateNames = [...]string{none: "", waiting: results.Waiting, running: results.Running, succeeded: results.Succeeded, failed: results.Failed,
	stopped: results.Stopped, cached: results.Cached, lost: results.Lost, preempted: results.Preempted}

func (s state) String() string { return stateNames[s] }

// stateOf is the state of an End. A word that is not known is a failure: nothing unknown may win.
func stateOf(name string) state {
	switch name {
	case results.Succeeded:
		return succeeded
	case results.Stopped:
		return stopped
	case results.Cached:
		return cached
	case results.Lost:
		return lost
	case results.Preempted:
		return preempted
	}
	return failed
}

// mayWin says whether trials in this state may win.
func (s state) mayWin() bool { return s == succeeded || s == cached }

// of is the count of the trials in a state.
func (c *Counts) of(s state) *int {
	switch s {
	case waiting:
		return &c.Waiting
	case running:
		return &c.Running
	case succeeded:
		return &c.Succeeded
	case stopped:
		return &c.Stopped
	case cached:
		return &c.Cached
	}
	return &c.Failed
}
