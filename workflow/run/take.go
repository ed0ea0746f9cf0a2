package run

import (
	"fmt"
	"os"
	"time"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

// take has the engine decide on events, makes them durable with what was read for that, and does what follows. Until they are durable
// nobody sees them.
func (r *Run) take(events ...engine.Event) error {
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
			r.enqueue(x.Task)
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
		if a := r.live[ev.Key]; ev.Kind == engine.Ended && a != nil && a.task.Attempt == ev.Attempt {
			delete(r.live, ev.Key)
			close(a.told)
			if a.given != "" && ev.Signal == "" { // it has ended otherwise: the signal is another's
				delete(r.delivered, a.given)
			}
			switch {
			case a.nests:
				r.nesting--
			case !a.waits:
				r.busy--
			}
		}
		if ev.Signal != "" {
			r.used[ev.Signal] = true
		}
		if ev.Kind == engine.Ended {
			delete(r.said, ev.Key)
		}
	}
	r.changed()
	return effects, nil
}

// noteLate puts before events that the run is late, if it is and that was not noted: also an end that comes too late comes behind it.
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
		r.cfg.Late(Late{Header: r.header, SLA: r.flow.SLA.String(), Due: r.header.promise(r.flow).due(r.engine), At: at})
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

// requests are the events that requests of other processes come to. An approval is handed to the attempt that waits for it, and stays
// until that has ended: a process that takes over finds it.
func (r *Run) requests() (events []engine.Event) {
	files, requests := asked(r.folder, r.known)
	if len(files) == 0 {
		clear(r.known)
	}
	for i, q := range requests {
		switch q.Kind {
		case CancelRun:
			events = append(events, engine.Event{Kind: engine.Cancel, Reason: q.Reason, Who: q.Who})
		case SkipStep:
			events = append(events, engine.Event{Kind: engine.Skip, Key: q.Step, Reason: q.Reason, Who: q.Who})
		case ApproveStep:
			held, open := r.engine.Holds(q.Step)
			switch {
			case held:
				events = append(events, engine.Event{Kind: engine.Approve, Key: q.Step, Who: q.Who})
			case open:
				if a := r.live[q.Step]; a != nil && !r.delivered[files[i]] {
					select {
					case a.approved <- q.Who:
						r.delivered[files[i]] = true
					default:
					}
				}
				continue // it waits for it, or will
			}
		case MessageStep:
			if !r.message(files[i], q) {
				continue
			}
		case SignalRun:
			if !r.signal(files[i], q) {
				continue
			}
		}
		r.done = append(r.done, files[i])
	}
	if len(events) == 0 {
		r.forgetRequests()
	}
	return events
}

// forgetRequests removes those that are in the log.
func (r *Run) forgetRequests() {
	for _, file := range r.done {
		_ = os.Remove(file) // it is looked at again, and is done
		delete(r.known, file)
		delete(r.delivered, file)
		delete(r.repeat, file)
	}
	r.done = nil
}
