package health

import (
	"time"

	"github.com/kaon-sweep/kaon/offers"
)

// Cordon keeps agents from getting work because an operator wants it, until it is lifted.
type Cordon struct {
	ID string // by which it is lifted
	// Agent is the id or the host of the agent; empty: those with the attribute are meant.
	Agent            string
	Attribute, Value string
	// Deadline is when what still runs there is moved elsewhere; zero: it may take its time.
	Deadline time.Time
	Reason   string // for people; may be empty
}

// covers reports whether an agent is meant, as far as is known of it.
func (c *Cordon) covers(id offers.AgentID, a *agent) bool {
	if c.Agent != "" {
		return c.Agent == string(id) || c.Agent == a.host
	}
	for i := range a.attributes {
		if at := &a.attributes[i]; at.Name == c.Attribute && at.Value == c.Value {
			return true
		}
	}
	return false
}

// SetCordons says which cordons there are now.
func (t *Tracker) SetCordons(list []Cordon) {
	t.cordons = list
	for id, a := range t.agents {
		t.updateCordon(id, a)
	}
}

// updateCordon finds the cordon of an agent; of several the one with the earliest deadline.
func (t *Tracker) updateCordon(id offers.AgentID, a *agent) {
	delete(t.Cordoned, id)
	for i := range t.cordons {
		c := &t.cordons[i]
		if !c.covers(id, a) {
			continue
		}
		if now := t.Cordoned[id]; now == nil || !c.Deadline.IsZero() &&
			(now.Deadline.IsZero() || c.Deadline.Before(now.Deadline)) {
			t.Cordoned[id] = c
		}
	}
}

// Overdue reports whether what runs on an agent is to be moved by now: it is drained, or away.
func (t *Tracker) Overdue(id offers.AgentID, now time.Time) bool {
	return t.drained(id, now) || t.Leaves[id].Began(now)
}

// drained reports whether an agent is to be empty by now at an operator's wish.
func (t *Tracker) drained(id offers.AgentID, now time.Time) bool {
	c := t.Cordoned[id]
	return c != nil && !c.Deadline.IsZero() && !now.Before(c.Deadline)
}

// Why says why what runs on an agent that is overdue is moved, for people.
func (t *Tracker) Why(id offers.AgentID, now time.Time) string {
	if u := t.Leaves[id]; !t.drained(id, now) && u.Began(now) {
		return "is under maintenance " + u.String()
	}
	return "is being drained"
}

// Leaving reports whether some agent is to become empty, or may be.
func (t *Tracker) Leaving() bool { return len(t.Cordoned)+len(t.Leaves) > 0 }
