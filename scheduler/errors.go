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
	// ErrNotRunning: the trial does not run now, so nothing would hear a message.
	ErrNotRunning = errors.New("it is not running")
	// ErrClosed: the loop has ended.
	ErrClosed = errors.New("the scheduler has ended")
)
