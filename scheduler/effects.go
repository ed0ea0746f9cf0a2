package scheduler

import (
	"context"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// effects carries out one Ready of a loop; see Ready.CarryOut for the order.
type effects struct {
	ctx      context.Context
	journal  journal.Journal
	out      *dispatcher
	listener Listener
	burst    *burst // nil: it comes of Restore, and nobody has asked for it

	journalTook time.Duration // the last time
}

// Append implements Effects.
func (e *effects) Append(entries []journal.Entry) error {
	began := time.Now()
	if err := e.journal.Append(entries); err != nil {
		return err
	}
	e.journalTook = min(time.Since(began), slowMost)
	appendSeconds.UpdateDuration(began)
	entriesTotal.Add(len(entries))
	return nil
}

// Send implements Effects. It blocks while the call's lane is full.
func (e *effects) Send(call cluster.Call) error {
	e.out.queue(e.ctx, call)
	return nil
}

// Answer implements Effects: callers hear that their command is durable, or refused.
func (e *effects) Answer(r Ready) error {
	if e.burst == nil {
		return nil
	}
	turnsTotal.Inc()
	eventsTotal.Add(e.burst.events)
	if len(e.burst.asked) == 0 {
		return nil
	}
	refused := map[string]error{}
	for _, n := range r.Notices {
		if n, ok := n.(SubmitRefused); ok {
			refused[n.Sweep] = n.Err
		}
	}
	for _, rq := range e.burst.asked {
		var err error
		if s, ok := rq.command.(Submit); ok {
			err = refused[s.ID]
		}
		rq.reply <- err
	}
	return nil
}

// Notify implements Effects. The loop ends when the master will never take the framework in.
func (e *effects) Notify(n Notice) error {
	countNotice(n)
	e.listener.dispatch(n)
	if barred, ok := n.(FrameworkRejected); ok {
		return fmt.Errorf("subscribe: %w", barred.Err)
	}
	return nil
}
