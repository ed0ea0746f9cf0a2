package simtest

import (
	"errors"
	"fmt"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// errDies ends a process in the middle of what it does.
var errDies = errors.New("the process dies")

// effects carries out one Ready of a process, with the faults that strike in between.
type effects struct {
	p      *process
	ready  scheduler.Ready
	armed  bool // the faults of calls were drawn
	leave  int  // calls that leave before the process dies; negative: it does not
	silent bool // the fault before notices was drawn
}

// Append implements scheduler.Effects.
func (e *effects) Append(entries []journal.Entry) error {
	w := e.p.w
	if _, ok := w.takeArmed(CrashEarly); ok {
		w.counted(CrashEarly, "before %d entries", len(entries))
		return errDies
	}
	if arg, ok := w.takeArmed(CrashTorn); ok {
		w.counted(CrashTorn, "in %d entries", len(entries))
		durable, err := w.disk.torn(entries, arg%2 == 0, w.rng.IntN)
		if err != nil {
			return fmt.Errorf("tear it: %w", err)
		}
		if durable {
			w.laws.durable(entries)
		}
		return errDies
	}
	if _, ok := w.takeArmed(DiskFull); ok {
		w.counted(DiskFull, "%d entries refused", len(entries))
		return errDies
	}
	if err := e.p.journal.Append(entries); err != nil {
		return err
	}
	w.laws.durable(entries)
	return e.p.broken()
}

// Send implements scheduler.Effects.
func (e *effects) Send(c cluster.Call) error {
	if !e.armed {
		e.armed, e.leave = true, e.arm()
	}
	if e.leave == 0 {
		return errDies
	}
	e.leave--
	e.p.post(c)
	return e.p.broken()
}

// arm draws how many calls leave before the process dies; negative: all, and it lives.
func (e *effects) arm() int {
	w, n := e.p.w, len(e.ready.Calls)
	if _, ok := w.takeArmed(CrashLate); ok {
		w.counted(CrashLate, "before %d calls", n)
		return 0
	}
	if n > 1 {
		if arg, ok := w.takeArmed(CrashMidway); ok {
			leave := 1 + int(arg)%(n-1)
			w.counted(CrashMidway, "after %d of %d calls", leave, n)
			return leave
		}
	}
	return -1
}

// Answer implements scheduler.Effects. Nobody waits for answers here: who submitted sees the journal.
func (e *effects) Answer(scheduler.Ready) error { return nil }

// Notify implements scheduler.Effects.
func (e *effects) Notify(n scheduler.Notice) error {
	w := e.p.w
	if !e.silent {
		e.silent = true
		if _, ok := w.takeArmed(CrashSilent); ok {
			w.counted(CrashSilent, "before %d notices", len(e.ready.Notices))
			return errDies
		}
	}
	e.p.hear(n)
	return e.p.broken()
}

// broken ends what a process does once a law is broken: the run is over.
func (p *process) broken() error {
	if p.w.failure != "" {
		return errors.New(p.w.failure)
	}
	return nil
}
