package run

import (
	"os"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

// requests are the events that requests of other processes come to. An approval is handed to the attempt that waits for it, and stays
// until that has ended: a process that takes over finds it.
func (r *Run) requests() (events []engine.Event) {
	files, requests := asked(r.folder)
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
	}
	r.done = nil
}
