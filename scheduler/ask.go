package scheduler

import (
	"context"
	"fmt"
)

// Submit hands in a sweep and returns when the journal holds it, or with the reason it was refused.
func (l *Loop) Submit(ctx context.Context, s Submit) error { return l.ask(ctx, request{event: s}) }

// Stop ends a sweep; its running attempts are killed. It returns when the wish is durable, not when the sweep has
// ended. ErrUnknown: there is no such sweep.
func (l *Loop) Stop(ctx context.Context, sweepID, reason string) error {
	return l.ask(ctx, request{event: Stop{Sweep: sweepID, Reason: reason}})
}

// Do hands in any other command, as Stop does.
func (l *Loop) Do(ctx context.Context, command Event) error {
	return l.ask(ctx, request{event: command})
}

// Snapshot is the state of all sweeps and agents between two turns.
func (l *Loop) Snapshot(ctx context.Context) (Snapshot, error) {
	var s Snapshot
	err := l.ask(ctx, request{look: func(c *Core) { s = c.Snapshot() }})
	return s, err
}

// ask waits for the loop's answer; it must not be called from a Listener, which runs in the loop itself.
func (l *Loop) ask(ctx context.Context, rq request) error {
	rq.reply = make(chan error, 1)
	select {
	case l.requests <- rq:
	case <-l.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-rq.reply:
		return err
	case <-l.done:
		select {
		case err := <-rq.reply:
			return err
		default:
			return ErrClosed
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Later hands in an event without waiting, from any goroutine, a Listener's too. The inbox has no bound of its
// own: use it for what the loop itself brings about, such as early stops.
func (l *Loop) Later(ev Event) {
	l.inbox.Lock()
	if s, ok := ev.(Stored); ok {
		if _, there := l.inbox.stored[s.Sweep]; !there {
			l.inbox.order = append(l.inbox.order, s.Sweep)
		}
		l.inbox.stored[s.Sweep] = max(l.inbox.stored[s.Sweep], s.Through)
	} else {
		l.inbox.events = append(l.inbox.events, ev)
	}
	l.inbox.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// known refuses commands about sweeps that do not exist.
func (c *Core) known(ev Event) error {
	var id string
	switch ev := ev.(type) {
	case Stop:
		id = ev.Sweep
	case StopTrial:
		id = ev.Sweep
	case Pause:
		id = ev.Sweep
	case Resume:
		id = ev.Sweep
	case Retry:
		id = ev.Sweep
	case Tell:
		id = ev.Sweep
	case Won:
		id = ev.Sweep
	default:
		return nil
	}
	if c.runs[id] == nil {
		return fmt.Errorf("sweep %s: %w", id, ErrUnknown)
	}
	return nil
}
