package registry

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/workflow"
)

// fireDue takes what is due of all triggers. r.mu is held.
func (r *Registry) fireDue(e *entry) (next time.Time) {
	wf, err := e.parsed()
	if err != nil || e.Paused {
		return next
	}
	before, now := e.state, r.cfg.Now()
	cursors, changed := e.cursorsOf(wf, now)
	for _, t := range wf.Triggers {
		c := cursors[t.Name]
		if c.isAhead(now) {
			e.note(now, fmt.Sprintf("%s: the clock was ahead and showed %s: what is due from now on runs", t.Name,
				time.UnixMilli(c.At).UTC().Format(time.RFC3339)))
			c.At, c.Ahead, changed = now.UnixMilli(), t.Kind != workflow.OnCron, true
			delete(e.looks, t.Name) // one that is under way looks for what is behind that time
		}
		switch t.Kind {
		case workflow.OnCron:
			changed = r.fireCron(e, e.current(), wf, t, &c) || changed
			if at := t.Cron.Next(time.UnixMilli(c.At)); next.IsZero() || !at.IsZero() && at.Before(next) {
				next = at
			}
		case workflow.OnRun:
			changed = r.fireAfter(e, e.current(), wf, t, &c) || changed
		case workflow.OnFile, workflow.OnSweep:
			some, at := r.fireSeen(e, e.current(), wf, t, &c)
			changed = changed || some
			if !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		cursors[t.Name] = c
	}
	if !changed {
		return next
	}
	e.Cursors = cursors
	if err := e.save(); err != nil { // it is due again
		e.state = before
		r.cfg.Log.Error("what is due of a registered workflow cannot be kept", "workflow", e.Name, "err", err)
		return now.Add(lookEvery)
	}
	return next
}
