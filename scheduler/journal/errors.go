package journal

import "errors"

// Errors that those who open a journal may tell apart.
var (
	// ErrLocked: another process holds the journal.
	ErrLocked = errors.New("the journal is in use by another process")
	// ErrDamaged: the journal is not what was written.
	ErrDamaged = errors.New("the journal is damaged")
	// ErrFuture: a newer kaon wrote the journal.
	ErrFuture = errors.New("a newer kaon wrote the journal")
)
