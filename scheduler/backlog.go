package scheduler

// Backlog is how much waits between the loop and the rest of the process: what grows shows where it is slow.
type Backlog struct {
	Events   int // deliveries of the driver
	Commands int // that listeners and senders left
	Calls    int // to the master
}

// Backlog is how much waits now. It may be called from any goroutine.
func (l *Loop) Backlog() Backlog {
	q := Backlog{Events: len(l.events)}
	l.inbox.Lock()
	q.Commands = len(l.inbox.commands) + len(l.inbox.order) + len(l.inbox.events)
	l.inbox.Unlock()
	if out := l.out.Load(); out != nil {
		q.Calls = out.waiting()
	}
	return q
}
