package scheduler

import (
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// Filters on what an ACCEPT leaves of its offers. While work waits, other frameworks' releases and our own
// ended tasks change the offer and so escape the filter; with nothing waiting a REVIVE clears it.
const (
	refuseRest = 5 * time.Second
	refuseIdle = 10 * time.Minute
)

func (c *Core) offered(ev cluster.Offered) {
	if !c.connected {
		return
	}
	c.offeredSince = true
	list := slices.Clone(ev.Offers)
	recall := false // an agent is cordoned that was not before, as an attribute told, or is to be away
	for i := range list {
		id := list[i].Agent
		before := c.health.Cordoned[id]
		if bad, found := c.health.Observe(&list[i]); found {
			c.note(AgentIncompatible(bad))
		}
		c.compareExecutors(&list[i])
		away := c.planned(id, list[i].Hostname, list[i].Unavailable)
		if c.health.Cordoned[id] != nil || c.health.Leaves[id].Began(c.now) {
			c.shutdownIdle(id)
		}
		recall = recall || away || c.health.Cordoned[id] != nil && before == nil
		list[i].Executors = c.runningExecutors(&list[i])
	}
	c.cfg.Packer.Add(list...)
	c.packDue = true
	c.leave(recall)
}

// Pack matches what waits with the offers there are. Call it when a burst of events has been stepped; when
// nothing changed since the last pass it costs nothing.
func (c *Core) Pack(now time.Time) {
	c.clock(now)
	if !c.connected || !c.packDue {
		return
	}
	c.packDue = false
	groups, held := c.groups()
	d := c.divide(groups)
	held = held || len(d.held) > 0
	c.updateOfferFlow(len(d.demands) > 0 || c.hitsLeft)
	o := c.cfg.Packing
	o.MoreWaits, o.Caps, o.Last, o.Exclude, o.Leaves = held, c.health.Caps, c.health.Last, c.health.Exclude(),
		c.health.Away(c.now)
	plan := c.cfg.Packer.Pack(c.now, d.demands, o)
	note := PassDone{Refusals: d.refusals(&plan, groups), Held: d.held}
	c.applyPlan(plan, groups, held, &note)
	note.Held = append(note.Held, c.preempt(groups, d.left)...)
	if note.Launched > 0 || note.Declined > 0 || len(note.Refusals)+len(note.Held) > 0 {
		c.note(note)
	}
	c.advanceTouched()
}

// updateOfferFlow keeps the master from sending offers nobody needs, and asks for them when somebody does (law 8).
func (c *Core) updateOfferFlow(work bool) {
	switch {
	case !work && !c.suppressed:
		if c.suppressed = true; !c.cfg.CountsAgents {
			c.call(cluster.Suppress{})
		}
	case work && (c.suppressed || c.wantsRevive()):
		c.suppressed, c.resourcesFreed, c.revived = false, false, c.now
		c.call(cluster.Revive{})
	}
}

// wantsRevive reports whether offers are worth hurrying: new work came, or resources were freed a while ago.
func (c *Core) wantsRevive() bool {
	if !c.resourcesFreed {
		return false
	}
	if c.revived.IsZero() {
		return true
	}
	if c.cfg.ReviveEvery == 0 {
		return false
	}
	if next := c.revived.Add(c.cfg.ReviveEvery); c.now.Before(next) {
		c.passAt(next)
		return false
	}
	return true
}

// applyPlan turns a plan into launches and declines.
func (c *Core) applyPlan(plan offers.Plan, groups []group, held bool, note *PassDone) {
	refuse := refuseIdle
	for _, l := range plan.Launches {
		for _, g := range l.Grants {
			groups[g.Demand].granted += g.Count
			groups[g.Demand].run.granted += g.Count
		}
	}
	if held || len(plan.Unplaced) > 0 {
		refuse = refuseRest
	}
	for _, l := range plan.Launches {
		var tasks []cluster.TaskInfo
		for _, g := range l.Grants {
			c.startSharedExecutor(&groups[g.Demand], l.Agent, roleName(l.Role), g)
			for range g.Count {
				if t, ok := c.launch(&groups[g.Demand], l.Agent, roleName(l.Role), g); ok {
					tasks = append(tasks, t)
				}
			}
		}
		note.Launched += len(tasks)
		if len(tasks) == 0 {
			c.call(cluster.Decline{Offers: l.Offers, Refuse: refuseRest})
			continue
		}
		c.call(cluster.Accept{Agent: l.Agent, Offers: l.Offers, Tasks: tasks, Refuse: refuse})
	}
	for _, d := range plan.Declines {
		note.Declined += len(d.Offers)
		c.call(cluster.Decline{Offers: d.Offers, Refuse: d.Refuse})
	}
	for i := range groups {
		groups[i].run.queue.Return(&groups[i].Group)
	}
	for _, run := range c.order {
		run.queue.Settle()
	}
}

// launch starts the next trials of a group in one task on an agent: mostly one.
func (c *Core) launch(g *group, id offers.AgentID, role string, grant offers.Grant) (cluster.TaskInfo, bool) {
	g.granted--
	g.run.granted--
	first, ok := c.nextOrder(g)
	if !ok {
		c.cfg.Packer.TaskEnded(id, (&placement{role: role, demand: g.Demand}).counted(), 1)
		return cluster.TaskInfo{}, false
	}
	orders := []task.Order{first}
	for most := g.bundleSize(&first); len(orders) < most; {
		next, ok := c.nextOrder(g)
		if !ok {
			break
		}
		if !g.run.mayBundle(next.Trial) {
			g.run.queue.PutBack(&g.Group, next.Trial)
			break
		}
		orders = append(orders, next)
	}
	// One that ended as cached, or could not be described, may have ended the sweep, or rivals, and with that what is
	// at hand.
	orders = slices.DeleteFunc(orders, func(o task.Order) bool { return g.run.state(o.Trial) != sweep.Waiting })
	if len(orders) == 0 {
		c.cfg.Packer.TaskEnded(id, (&placement{role: role, demand: g.Demand}).counted(), 1)
		return cluster.TaskInfo{}, false
	}
	return c.start(g, orders, id, role, grant), true
}

// nextOrder is what the next attempt of a group runs.
func (c *Core) nextOrder(g *group) (order task.Order, ok bool) {
	run := g.run
	for {
		if run.hits >= mostHits {
			c.requestOffers() // for what was granted and is not used
			c.passAt(c.now)
			return order, false
		}
		trial, ok := run.queue.Pop(&g.Group)
		if !ok {
			return order, false
		}
		if run.lastAttempt(trial) >= mostLaunches {
			c.failLaunch(run, trial, errLaunches)
			continue
		}
		order, err := c.taskOrder(run, trial, run.lastAttempt(trial)+1)
		if err != nil {
			c.failLaunch(run, trial, err)
			continue
		}
		h, key, cached := c.hit(run, &order)
		if !cached {
			return order, true
		}
		c.endCached(run, &order, key, h)
	}
}

// start makes the attempts that run what orders say, and their task.
func (c *Core) start(
	g *group, orders []task.Order, id offers.AgentID, role string, grant offers.Grant,
) cluster.TaskInfo {
	run := g.run
	a, _ := c.health.Agent(id)
	first := &orders[0]
	p := &placement{
		task: cluster.NewTaskID(run.id, first.Trial, first.Attempt), bundle: len(orders) > 1,
		agent: id, host: a.Host, role: role, demand: g.Demand, reconciled: true, probe: c.health.RecordStart(id, ""),
	}
	var info cluster.ExecutorInfo
	for i := range orders {
		o := &orders[i]
		att := &attempt{placement: p, run: run, trial: o.Trial, number: o.Attempt, place: i, launched: c.now,
			seed: o.Seed, key: run.builder.Key(o)}
		run.attempts[run.slot(o.Trial)] = uint16(o.Attempt)
		c.believe(att)
		if i == 0 {
			info = c.executorInfo(att, grant)
			p.executor = info.ID
			first.Interval = c.pointInterval(1)
			c.watchLaunch(att, 0)
		}
		c.joinStream(att, first.Interval)
		c.moved(run, o.Trial, sweep.Launched, a.Host, "")
		run.stops.begin(o.Trial)
		run.begins(o.Trial)
		c.journal(att.entry())
	}
	t := cluster.TaskInfo{ID: p.task, Name: string(p.task), Resources: grant.Resources, Executor: info}
	if p.bundle {
		first.Bundle = &task.Bundle{Next: orders[1:], Window: run.window()}
		t.Name = fmt.Sprintf("%s and %d more", p.task, len(orders)-1)
	}
	t.Data = task.Encode(*first)
	return t
}
