package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Submit hands in a sweep and returns when the journal holds it, or with the reason it was refused.
func (l *Loop) Submit(ctx context.Context, s Submit) error { return l.ask(ctx, request{command: s}) }

// Stop ends a sweep; its running attempts are killed. It returns when the wish is durable, not when the sweep has
// ended. ErrUnknown: there is no such sweep.
func (l *Loop) Stop(ctx context.Context, sweepID, reason string) error {
	return l.ask(ctx, request{command: Stop{Sweep: sweepID, Reason: reason}})
}

// Do hands in any other command, as Stop does.
func (l *Loop) Do(ctx context.Context, command Command) error {
	return l.ask(ctx, request{command: command})
}

// Check answers whether a command would be taken now, and why it would not. It changes nothing.
func (l *Loop) Check(ctx context.Context, command Command) error {
	refused, err := inspect(ctx, l, func(c *Core) error { return c.validate(command) })
	return errors.Join(err, refused)
}

// Snapshot is the state of all sweeps and agents between two turns. It must not be changed: while nothing happens, all
// who ask are given the same.
func (l *Loop) Snapshot(ctx context.Context) (Snapshot, error) {
	return inspect(ctx, l, l.snapshot)
}

// Sweep is the status of one sweep between two turns. ErrUnknown: there is no such sweep.
func (l *Loop) Sweep(ctx context.Context, id string) (SweepStatus, error) {
	type found struct {
		status SweepStatus
		known  bool
	}
	one, err := inspect(ctx, l, func(c *Core) (f found) {
		f.status, f.known = c.Sweep(id)
		return f
	})
	if err == nil && !one.known {
		err = fmt.Errorf("sweep %s: %w", id, ErrUnknown)
	}
	return one.status, err
}

// snapshotMost is how old a snapshot may be: what it says of elapsed time goes on while nothing happens.
const snapshotMost = 100 * time.Millisecond

// snapshot is of the loop's goroutine, as latest is.
func (l *Loop) snapshot(c *Core) Snapshot {
	if now := l.now(); l.latest == nil || now.Sub(l.latestAt) > snapshotMost {
		s := c.Snapshot()
		l.latest, l.latestAt = &s, now
	}
	return *l.latest
}

// inspect answers what look finds between two turns. When ctx ends first the loop may still be looking, so what it
// writes is read only behind its reply.
func inspect[T any](ctx context.Context, l *Loop, look func(*Core) T) (T, error) {
	answer := new(T)
	if err := l.ask(ctx, request{inspect: func(c *Core) { *answer = look(c) }}); err != nil {
		var none T
		return none, err
	}
	return *answer, nil
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

// Enqueue hands in a command without waiting, from any goroutine, a Listener's too. The inbox has no bound of its
// own: use it for what the loop itself brings about, such as early stops.
func (l *Loop) Enqueue(cmd Command) {
	l.inbox.Lock()
	if s, ok := cmd.(RecordsStored); ok {
		if _, there := l.inbox.stored[s.Sweep]; !there {
			l.inbox.order = append(l.inbox.order, s.Sweep)
		}
		l.inbox.stored[s.Sweep] = max(l.inbox.stored[s.Sweep], s.Through)
	} else {
		l.inbox.commands = append(l.inbox.commands, cmd)
	}
	l.inbox.Unlock()
	wake(l.wake)
}
