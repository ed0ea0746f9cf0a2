package run

import (
	"slices"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

// Attempt is one of a step, as its log has it.
type Attempt struct {
	Number int          `json:"attempt"`
	ID     string       `json:"id"` // as kaon trial and logs take it, where it ran on the cluster
	State  engine.State `json:"state"`
	Reason string       `json:"reason,omitempty"`
	Fault  engine.Fault `json:"fault,omitempty"`
	Began  int64        `json:"began"` // milliseconds since 1970
	Ended  int64        `json:"ended,omitempty"`
	Cached bool         `json:"cached,omitempty"` // an earlier one's outputs stand for it
}

// tally are the attempts of a run by the key of their step, in the order in which they began.
type tally map[string][]Attempt

// step has an engine decide on an event. After a restart what could not be read is looked for again.
func step(e *engine.Engine, f *facts, t tally, ev engine.Event) []engine.Effect {
	if ev.Kind == engine.Restart {
		f.round++
	}
	effects := e.Step(ev)
	if ev.Kind == engine.Ended {
		t.ended(ev)
	}
	for _, x := range effects {
		if x.Kind == engine.Start {
			t[x.Task.Key] = append(t[x.Task.Key], Attempt{Number: x.Task.Attempt, ID: x.Task.ID, State: engine.Running,
				Began: ev.At})
		}
	}
	return effects
}

func (t tally) ended(ev engine.Event) {
	for i, a := range t[ev.Key] {
		if a.Number != ev.Attempt || a.Ended > 0 {
			continue
		}
		a.State, a.Reason, a.Ended, a.Cached = ev.State, ev.Reason, ev.At, ev.Cached
		if ev.State == engine.Failed {
			a.Fault = ev.Fault
		}
		t[ev.Key][i] = a
	}
}

// of are the attempts of a step of a run.
func (t tally) of(run, key string) []Attempt {
	all := slices.Clone(t[key])
	for i := range all {
		all[i].ID = run + "-" + all[i].ID
	}
	return all
}
