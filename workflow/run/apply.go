package run

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

// apply has the engine decide on events, makes them durable with what was read for that, and does what follows. Until
// they are durable nobody sees them.
func (r *Run) apply(events ...engine.Event) error {
	if len(events) == 0 {
		return nil
	}
	events = r.noteLate(events)
	effects, err := r.decide(events)
	if r.facts.left != nil {
		return r.facts.left
	}
	if err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	if events[0].Kind == engine.Late {
		r.tellLate(events[0].At)
	}
	for _, x := range effects {
		switch x.Kind {
		case engine.Start:
			r.queue.add(x.Task)
		case engine.Stop:
			r.stop(x.Task)
		case engine.End:
		}
	}
	return nil
}

func (r *Run) decide(events []engine.Event) (effects []engine.Effect, err error) {
	now := time.Now().UnixMilli()
	r.mu.Lock()
	defer r.mu.Unlock()
	stored := make([][]byte, len(events))
	for i := range events {
		events[i] = r.secret.event(events[i])
		events[i].At = now
		if events[i], stored[i], err = storable(events[i]); err != nil {
			return nil, err
		}
		effects = append(effects, step(r.engine, r.facts, r.tally, events[i])...)
	}
	if r.facts.left != nil {
		return nil, r.facts.left
	}
	if err := r.addFacts(); err != nil { // before the events: whoever reads those finds what they led to read
		return nil, err
	}
	for _, payload := range stored {
		r.log.put(payload)
	}
	if err := r.sync(); err != nil {
		return nil, err
	}
	for _, ev := range events {
		if ev.Signal != "" {
			r.inbox.used[ev.Signal] = true
		}
		if ev.Kind == engine.Ended {
			r.noteEnd(ev)
		}
	}
	r.changed()
	return effects, nil
}

// noteEnd has who waits for the durable end of an attempt go on. r.mu is held.
func (r *Run) noteEnd(ev engine.Event) {
	delete(r.progress, ev.Key)
	a := r.live.remove(ev.Key, ev.Attempt)
	if a == nil {
		return
	}
	close(a.durable)
	if a.given != "" && ev.Signal == "" { // it has ended otherwise: the signal is another's
		delete(r.inbox.delivered, a.given)
	}
}

// noteLate puts before events that the run is late, if it is and that was not noted: also an end that comes too late
// comes behind it.
func (r *Run) noteLate(events []engine.Event) []engine.Event {
	at := r.header.promise(r.flow).open(r.engine)
	if at == 0 || at > time.Now().UnixMilli() || len(events) > 0 && events[0].Kind == engine.Late {
		return events
	}
	return append([]engine.Event{{Kind: engine.Late}}, events...)
}

// tellLate tells who hears when it was noted.
func (r *Run) tellLate(at int64) {
	if r.cfg.Late != nil {
		r.cfg.Late(Late{Header: r.header, SLA: r.flow.SLA.String(),
			Due: r.header.promise(r.flow).due(r.engine), At: at})
	}
}

// sync makes the log durable, and says whether this process may still act on it.
func (r *Run) sync() error {
	if err := r.log.sync(); err != nil || r.cfg.Fence == nil {
		return err
	}
	return r.cfg.Fence()
}

// addFacts puts what was read since behind the log.
func (r *Run) addFacts() error {
	for _, f := range r.facts.fresh {
		if err := r.log.add(record{Fact: &f}); err != nil {
			return err
		}
	}
	r.facts.fresh = nil
	return nil
}
