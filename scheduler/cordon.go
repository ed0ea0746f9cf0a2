package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/health"
)

// setCordons says anew which agents get no work at an operator's wish. What has not begun in bundles there goes back,
// what runs may end until the deadline, and idle executors end at once: an agent that is cordoned becomes empty. The
// cordons themselves are kept by whoever gives them.
func (c *Core) setCordons(list []health.Cordon) {
	c.health.SetCordons(slices.Clone(list))
	for i := range list {
		if at := list[i].Deadline; !at.IsZero() {
			c.timers.Set(at, func(time.Time) { c.moveOverdue() })
		}
	}
	c.moveOverdue()
	c.recallLeaving()
	for _, id := range slices.Sorted(maps.Keys(c.confirmed)) {
		c.shutdownIdle(id)
	}
	c.requestOffers() // what was declined of agents that are to work again is hidden by filters
}

// moveOverdue ends what runs on agents that were to be empty by now, drained or away. Its trials go on elsewhere.
// What may have ended before, while there was no master or its agent was out of reach, has until that is known: it is
// not free of charge.
func (c *Core) moveOverdue() {
	if !c.health.Leaving() {
		return
	}
	var agents []offers.AgentID
	overdue := map[offers.AgentID][]*attempt{}
	for att := c.live.first; att != nil; att = att.next {
		if att.killing == notKilled && c.health.Overdue(att.agent, c.now) {
			if !c.hears(att, att.launched) || !att.unreachableSince.IsZero() {
				c.moveLater()
				continue
			}
			if overdue[att.agent] == nil {
				agents = append(agents, att.agent)
			}
			overdue[att.agent] = append(overdue[att.agent], att)
		}
	}
	for _, id := range agents {
		c.killAll(overdue[id], killMoved, fmt.Sprintf("moved, as agent %s %s", overdue[id][0].where(),
			c.health.Why(id, c.now)))
	}
}

// moveLater looks again at what was to be moved.
func (c *Core) moveLater() {
	if c.moving {
		return
	}
	c.moving = true
	c.timers.Set(c.now.Add(heardAgain), func(time.Time) {
		c.moving = false
		c.moveOverdue()
	})
}

// recallLeaving asks bundles on agents that are to become empty for what has not begun, until nothing is left of that:
// a message may be lost. Each subscription asks anew, as of sweeps that are paused.
func (c *Core) recallLeaving() {
	if !c.connected || !c.health.Leaving() {
		return
	}
	asked := false
	for att := c.live.first; att != nil; att = att.next {
		if (c.health.Cordoned[att.agent] != nil || !c.stays(att.agent, att.run.takes())) && c.recallTask(att) {
			asked = true
		}
	}
	if !asked || c.recalling {
		return
	}
	c.recalling = true
	c.timers.Set(c.now.Add(recallEvery), func(time.Time) {
		c.recalling = false
		if c.connected {
			c.recallLeaving()
		}
	})
}
