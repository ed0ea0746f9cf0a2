package scheduler

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

const (
	// mostSleep is the longest the loop goes without a Tick.
	mostSleep = time.Second
	// eventCapacity is how many deliveries of the driver wait for the loop. When it is full, deliver blocks, so the
	// stream to the master fills up and the agents hold their updates back: nothing is lost.
	eventCapacity = 8192
)

// Loop owns a Core: one goroutine, in Run, steps it, and carries out what is Ready in the stated order.
type Loop struct {
	core     *Core
	journal  journal.Journal
	driver   cluster.Driver
	listener Listener
	now      func() time.Time

	events   chan []cluster.Event
	requests chan request // capacity 0: the caller waits anyway
	done     chan struct{}

	inbox struct {
		sync.Mutex
		events   []cluster.Event // of calls that were not delivered
		commands []Command
		stored   map[string]uint64
		order    []string // keys of stored, oldest first
	}
	wake chan struct{}              // capacity 1: full means the loop will look anyway
	out  atomic.Pointer[dispatcher] // nil: Run has not begun

	lastTurn    int           // events of the last turn; this and what follows belong to the loop's goroutine
	journalTook time.Duration // what the journal took then
	latest      *Snapshot     // nil: something has happened since
	latestAt    time.Time
}

// NewLoop makes a loop; Run starts it. The clock is time.Now in production.
func NewLoop(
	core *Core, journal journal.Journal, driver cluster.Driver, listener Listener, clock func() time.Time,
) *Loop {
	l := &Loop{
		core: core, journal: journal, driver: driver, listener: listener, now: clock,
		events: make(chan []cluster.Event, eventCapacity), requests: make(chan request),
		done: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	l.inbox.stored = map[string]uint64{}
	return l
}

// Run drives the scheduler until ctx ends (nil), the master bars it, the journal fails or the driver gives up.
// It may be called once. Tasks go on running without it.
func (l *Loop) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var group sync.WaitGroup
	group.Go(crash.Func(func() {
		if err := l.driver.Run(ctx, func(evs ...cluster.Event) {
			l.deliver(ctx, evs)
		}); err != nil && ctx.Err() == nil {
			cancel(fmt.Errorf("drive the cluster: %w", err))
		}
	}))
	out := newDispatcher(l.driver, l.undelivered)
	l.out.Store(out)
	out.start(ctx, &group)
	err := l.turns(ctx, out)
	cancel(err)
	close(l.done)
	group.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// deliver takes events from the driver; it blocks while eventCapacity deliveries wait.
func (l *Loop) deliver(ctx context.Context, evs []cluster.Event) {
	select {
	case l.events <- evs:
	case <-ctx.Done():
	}
}

// turns runs until ctx ends or a turn fails.
func (l *Loop) turns(ctx context.Context, out *dispatcher) error {
	if err := l.carryOut(ctx, l.core.Ready(), out, nil); err != nil { // what Restore has to say
		return err
	}
	timer := time.NewTimer(mostSleep)
	defer timer.Stop()
	for {
		timer.Reset(l.sleep())
		var b burst
		select {
		case <-ctx.Done():
			return nil
		case evs := <-l.events:
			l.step(&b, evs...)
		case rq := <-l.requests:
			l.serve(&b, rq)
		case <-l.wake:
		case <-timer.C:
			b.count(1) // that time has passed
		}
		l.drain(&b)
		if err := l.carryOut(ctx, l.core.Turn(l.now()), out, &b); err != nil {
			return err
		}
	}
}

// carryOut does what is Ready, and notes how long the journal took, which decides how large the next turn may grow.
func (l *Loop) carryOut(ctx context.Context, r Ready, out *dispatcher, b *burst) error {
	if !r.Empty() {
		l.latest = nil
	}
	e := effects{ctx: ctx, journal: l.journal, out: out, listener: l.listener, burst: b, journalTook: l.journalTook}
	err := r.CarryOut(&e)
	l.journalTook = e.journalTook
	return err
}

func (l *Loop) sleep() time.Duration {
	due := l.core.Due()
	if due.IsZero() {
		return mostSleep
	}
	return min(mostSleep, max(0, due.Sub(l.now())))
}

func (l *Loop) step(b *burst, evs ...cluster.Event) {
	b.count(len(evs))
	for _, ev := range evs {
		l.latest = nil
		l.core.Step(l.now(), ev)
	}
}

func (l *Loop) command(b *burst, cmd Command) {
	b.count(1)
	l.latest = nil
	l.core.Do(l.now(), cmd)
}

// serve steps a request, or lets it look.
func (l *Loop) serve(b *burst, rq request) {
	if rq.inspect != nil {
		rq.inspect(l.core)
		rq.reply <- nil
		return
	}
	if err := l.core.validate(rq.command); err != nil {
		rq.reply <- err
		return
	}
	l.command(b, rq.command)
	b.asked = append(b.asked, rq)
}

// drain steps all that is waiting, and what comes soon after it.
func (l *Loop) drain(b *burst) {
	l.drainInbox(b)
	if b.events == 0 {
		return
	}
	for l.drainOne(b) {
	}
	if l.lastTurn >= burstFew {
		l.linger(b)
	}
	l.lastTurn = b.events
}

// drainOne steps one delivery if there is one and the burst has room for it.
func (l *Loop) drainOne(b *burst) bool {
	if b.events >= burstEvents || time.Since(b.began) >= max(burstMost, l.journalTook) {
		return false
	}
	select {
	case evs := <-l.events:
		l.step(b, evs...)
	case rq := <-l.requests:
		l.serve(b, rq)
	case <-l.wake:
		l.drainInbox(b)
	default:
		return false
	}
	return true
}

// linger steps what comes within burstGap of the event before.
func (l *Loop) linger(b *burst) {
	gap := time.NewTimer(burstGap)
	defer gap.Stop()
	for b.events < burstEvents && time.Since(b.began) < max(burstMost, l.journalTook) {
		select {
		case evs := <-l.events:
			l.step(b, evs...)
		case rq := <-l.requests:
			l.serve(b, rq)
		case <-l.wake:
			l.drainInbox(b)
			continue
		case <-gap.C:
			return
		}
		for l.drainOne(b) {
		}
		gap.Reset(burstGap)
	}
}

// drainInbox steps what listeners and senders left in the inbox.
func (l *Loop) drainInbox(b *burst) {
	l.inbox.Lock()
	events, commands, stored, order := l.inbox.events, l.inbox.commands, l.inbox.stored, l.inbox.order
	l.inbox.events, l.inbox.commands, l.inbox.order = nil, nil, nil
	if len(order) > 0 {
		l.inbox.stored = map[string]uint64{}
	}
	l.inbox.Unlock()
	l.step(b, events...)
	for _, cmd := range commands {
		l.command(b, cmd)
	}
	for _, id := range order {
		l.command(b, RecordsStored{Sweep: id, Through: stored[id]})
	}
}

// undelivered hands in that a call did not reach the master.
func (l *Loop) undelivered(ev cluster.Undelivered) {
	l.inbox.Lock()
	l.inbox.events = append(l.inbox.events, ev)
	l.inbox.Unlock()
	wake(l.wake)
}
