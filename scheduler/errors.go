package scheduler

import "errors"

// Errors that callers of the loop may tell apart.
var (
	// ErrExists: a sweep of that id was submitted before.
	ErrExists = errors.New("a sweep of this id exists")
	// ErrUnknown: no sweep of that id.
	ErrUnknown = errors.New("no such sweep")
	// ErrUnknownTrial: the sweep has no trial of that number.
	ErrUnknownTrial = errors.New("no such trial")
	// ErrEnded: the sweep or trial has ended already.
	ErrEnded = errors.New("it has ended")
	// ErrEnding: the sweep is about to end, or its `then` step is under way.
	ErrEnding = errors.New("it is ending, and can go on when it has ended")
	// ErrNothingWaits: by its new spec a sweep that has ended has no trial to run.
	ErrNothingWaits = errors.New("all its trials have ended, and there are no more: raise `run_cap`, " +
		"or widen the space")
	// ErrAtWork: the sweep has not ended, or not all of it is stored.
	ErrAtWork = errors.New("it has not ended, or its results are not stored yet")
	// ErrNotRunning: the trial does not run now, so nothing would hear a message.
	ErrNotRunning = errors.New("it is not running")
	// ErrClosed: the loop has ended.
	ErrClosed = errors.New("the scheduler has ended")
)
