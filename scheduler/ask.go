package scheduler

import (
	"context"
	"fmt"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
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

// Later hands in a command without waiting, from any goroutine, a Listener's too. The inbox has no bound of its
// own: use it for what the loop itself brings about, such as early stops.
func (l *Loop) Later(cmd Command) {
	l.inbox.Lock()
	if s, ok := cmd.(Stored); ok {
		if _, there := l.inbox.stored[s.Sweep]; !there {
			l.inbox.order = append(l.inbox.order, s.Sweep)
		}
		l.inbox.stored[s.Sweep] = max(l.inbox.stored[s.Sweep], s.Through)
	} else {
		l.inbox.commands = append(l.inbox.commands, cmd)
	}
	l.inbox.Unlock()
	l.look()
}

// undelivered hands in that a call did not reach the master.
func (l *Loop) undelivered(ev cluster.Undelivered) {
	l.inbox.Lock()
	l.inbox.events = append(l.inbox.events, ev)
	l.inbox.Unlock()
	l.look()
}

// look has the loop look into its inbox.
func (l *Loop) look() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// known refuses commands about what does not exist, has ended, or would not hear them.
func (c *Core) known(cmd Command) error {
	switch ev := cmd.(type) {
	case Stop:
		return c.stillOpen(ev.Sweep)
	case Pause:
		return c.stillOpen(ev.Sweep)
	case Resume:
		return c.stillOpen(ev.Sweep)
	case StopTrial:
		return c.knownTrial(ev.Sweep, ev.Trial, false)
	case Tell:
		return c.knownTrial(ev.Sweep, ev.Trial, true)
	case Retry:
		return c.retriable(ev.Sweep)
	case Won:
		return c.knownSweep(ev.Sweep)
	}
	return nil
}

func (c *Core) knownSweep(id string) error {
	if c.runs[id] == nil {
		return fmt.Errorf("sweep %s: %w", id, ErrUnknown)
	}
	return nil
}

// retriable refuses a retry whose executors could not be started.
func (c *Core) retriable(id string) error {
	if err := c.knownSweep(id); err != nil {
		return err
	}
	if _, err := c.outfit(id, c.runs[id].spec); err != nil {
		return fmt.Errorf("retry sweep %s: %w", id, err)
	}
	return nil
}

// stillOpen refuses what would change a sweep that has ended.
func (c *Core) stillOpen(id string) error {
	if err := c.knownSweep(id); err != nil {
		return err
	}
	if phase := c.runs[id].kept.Phase; phase.Ended() {
		return fmt.Errorf("sweep %s: %w: %s", id, ErrEnded, phase)
	}
	return nil
}

// knownTrial refuses what a trial cannot be told any more, or, when it must listen, not now.
func (c *Core) knownTrial(id string, trial int, listening bool) error {
	if err := c.knownSweep(id); err != nil {
		return err
	}
	run := c.runs[id]
	if trial == ThenTrial && !run.spec.Then.Step() {
		return fmt.Errorf("sweep %s has no `then` step of its own: %w", id, ErrUnknownTrial)
	}
	if !run.has(trial) {
		return fmt.Errorf("trial %d of sweep %s, which has trials 0 to %d: %w", trial, id, run.total-1, ErrUnknownTrial)
	}
	state := run.state(trial)
	switch att := run.live[trial]; {
	case state.Terminal():
		return fmt.Errorf("trial %d of sweep %s: %w: %s", trial, id, ErrEnded, state)
	case listening && (att == nil || att.started.IsZero()):
		return fmt.Errorf("trial %d of sweep %s: %w: %s", trial, id, ErrNotRunning, state)
	}
	return nil
}
