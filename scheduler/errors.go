package scheduler

import "errors"

// Errors that callers of the loop may tell apart.
var (
	// ErrExists: a sweep of that id was submitted before.
	ErrExists = errors.New("a sweep of this id exists")
	// ErrUnknown: no sweep of that id.
	ErrUnknown = errors.New("no such sweep")
	// ErrClosed: the loop has ended.
	ErrClosed = errors.New("the scheduler has ended")
	// ErrLocked: another process holds the journal.
	ErrLocked = errors.New("the journal is in use by another process")
	// ErrFuture: a newer kaon wrote the journal.
	ErrFuture = errors.New("a newer kaon wrote the journal")
)
