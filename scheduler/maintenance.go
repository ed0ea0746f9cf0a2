package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// An agent that is planned to be away gets no trial that cannot be expected to end before, and is empty by then: what
// still runs is moved as at the deadline of a drain. The master tells of it with each offer of the agent, and by
// inverse offers of what runs there; nothing of it is kept, since it is said anew to each subscription.

// askAgain is for how long a master does not ask again what was declined.
const askAgain = 10 * time.Minute

// planned takes in when an agent is to be away, and reports whether it is so of late.
func (c *Core) planned(id offers.AgentID, host string, u offers.Unavailability) bool {
	if !c.health.Plan(id, host, u) {
		return false
	}
	if !u.Planned(c.now) {
		c.requestOffers() // filters may hide what the agent has to offer again
		return false
	}
	c.timers.Set(u.Start, func(time.Time) {
		c.moveOverdue()
		c.shutdownIdle(id)
	})
	if !u.End.IsZero() {
		c.timers.Set(u.End, func(time.Time) { c.requestOffers() })
	}
	return true
}

// inverseOffered answers what the master asks for. It is promised, since what still runs there is moved by then, but
// for an agent whose absence is over already, where trials run again, and for what names no agent.
func (c *Core) inverseOffered(ev cluster.InverseOffered) {
	if !c.connected {
		return
	}
	var accepted, declined []offers.OfferID
	recall := false
	for i := range ev.Offers {
		o := &ev.Offers[i]
		if o.Agent == "" {
			declined = append(declined, o.ID)
			continue
		}
		recall = c.planned(o.Agent, o.Hostname, o.Unavailable) || recall
		switch {
		case !c.health.Asked(o.ID, o.Agent):
		case o.Unavailable.Planned(c.now):
			accepted = append(accepted, o.ID)
		default:
			declined = append(declined, o.ID)
		}
	}
	c.leave(recall)
	if len(accepted) > 0 {
		c.call(cluster.AcceptInverse{Offers: accepted}) // no filter: the next one is kept, see health.Tracker.Asked
	}
	if len(declined) > 0 {
		c.call(cluster.DeclineInverse{Offers: declined, Refuse: askAgain})
	}
}

// doubtWait is how long a master that takes an inverse offer back has to say that the plan stands. It says so with its
// next allocation.
const doubtWait = 5 * time.Second

// inverseRescinded hears that an inverse offer is void. The plan may have been called off, which nothing else tells
// where all of the agent is in use; it may have changed, or the master may have waited for long enough: then it is told
// anew.
func (c *Core) inverseRescinded(ev cluster.InverseRescinded) {
	since := c.now
	id, doubt := c.health.AskedNoMore(ev.Offer, since)
	if !doubt {
		return
	}
	c.requestOffers()
	c.timers.Set(since.Add(doubtWait), func(time.Time) {
		if c.health.CallOff(id, since) {
			c.requestOffers()
		}
	})
}

// leave does what is due on agents that are to be away, or to be drained.
func (c *Core) leave(recall bool) {
	c.moveOverdue()
	if recall {
		c.recallLeaving()
	}
}
