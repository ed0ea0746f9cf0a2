package registry

import (
	"cmp"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// wanted has what a workflow promises of a run count from an instant.
func (q *Request) wanted(wf *workflow.Workflow, from time.Time) {
	q.Origin.Wanted = from.UnixMilli()
	if due := wf.SLA.Due(from); !due.IsZero() {
		q.Due = due.UnixMilli()
	}
}

// noteLate tells of the runs that wait to begin and are not done by when they were to be, each once: when that is
// durable. The answer is when the next is late; zero: none will be. r.mu is held.
func (r *Registry) noteLate(e *entry) (next time.Time) {
	now := r.cfg.Now()
	before, queue := e.state, slices.Clone(e.Queue)
	var late []run.Late
	for i := range queue {
		q := &queue[i]
		at := time.UnixMilli(q.Due)
		switch {
		case q.Due == 0 || q.Origin.Late > 0:
		case at.After(now):
			if next.IsZero() || at.Before(next) {
				next = at
			}
		case r.begun(q.Run): // its own log has it
		default:
			q.Origin.Late = now.UnixMilli()
			l := run.Late{Header: run.Header{Run: q.Run, Name: e.Name, Given: q.Given, Created: q.Asked,
				Origin: q.Origin}, Due: q.Due, At: q.Origin.Late}
			if wf, err := e.versions[q.Origin.Revision-1].Workflow(); err == nil {
				l.Header.Name, l.SLA = cmp.Or(wf.Name, e.Name), wf.SLA.String()
			}
			late = append(late, l)
		}
	}
	if len(late) == 0 {
		return next
	}
	e.Queue = queue
	if err := e.save(); err != nil { // it is told later
		e.state = before
		r.cfg.Log.Error("that runs are late cannot be kept", "workflow", e.Name, "err", err)
		return now.Add(lookEvery)
	}
	for _, l := range late {
		r.cfg.Runs.TellLate(l, engine.Waiting)
	}
	return next
}

// begun says whether a run that stands in a queue has begun, as one of a process that was killed before it took it out.
func (r *Registry) begun(id string) bool {
	_, err := r.cfg.Runs.Get(id)
	return err == nil
}
