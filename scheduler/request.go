package scheduler

// request is a command whose caller waits until the journal holds it.
type request struct {
	command Command
	inspect func(*Core)
	reply   chan error // capacity 1: the loop never waits for a caller
}
