package scheduler

import (
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
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
	list := slices.Clone(ev.Offers)
	for i := range list {
		if bad, found := c.health.Observe(&list[i]); found {
			c.note(AgentIncompatible(bad))
		}
		c.compareExecutors(&list[i])
		list[i].Executors = c.runningExecutors(&list[i])
	}
	c.cfg.Packer.Add(list...)
	c.packDue = true
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
	c.updateOfferFlow(len(groups) > 0)
	demands := make([]offers.Demand, len(groups))
	for i, g := range groups {
		demands[i] = *g.demand
		demands[i].Count = g.count
	}
	o := c.cfg.Packing
	o.MoreWaits, o.Caps, o.Last, o.Exclude = held, c.health.Caps, c.health.Last, c.health.Exclude()
	plan := c.cfg.Packer.Pack(c.now, demands, o)
	c.applyPlan(plan, groups, held)
	c.advanceTouched()
}

// groups is all that may start now, in order of submission, and whether more waits that may not.
func (c *Core) groups() (all []group, held bool) {
	for _, run := range c.order {
		if run.entry.Phase.Ended() {
			continue
		}
		n := run.launchable(c.parallel(run.id))
		held = held || n < run.counts[sweep.Waiting]
		if len(run.isolatedQueue) > 0 {
			for _, g := range c.isolatedGroups(run, n) {
				n -= g.count
				all = append(all, g)
			}
		}
		switch {
		case n == 0:
		case run.entry.Phase == sweep.PhaseThen:
			if d := c.thenDemand(run); d != nil {
				all = append(all, group{run: run, demand: d, trials: []int{ThenTrial}, count: 1})
			}
		case run.uniform != nil:
			all = append(all, group{run: run, demand: c.completeDemand(run, run.uniform), count: n})
		default:
			run.fill(n, func(e journal.TrialEntry) { c.journal(e) }, func(trial int, err error) { c.failLaunch(run, trial, err) })
			for _, g := range run.window.groups {
				g.demand = c.completeDemand(run, g.demand)
				g.count = min(len(g.trials), n)
				n -= g.count
				if g.count > 0 {
					all = append(all, g)
				}
			}
		}
	}
	return all, held
}

// completeDemand completes a demand with what is the scheduler's business.
func (c *Core) completeDemand(run *run, d *offers.Demand) *offers.Demand {
	if d.Overhead.CPUs == 0 { // the first time
		d.Resources.CPUs = lessExecutor(d.Resources.CPUs, run.executor.template.Overhead.CPUs)
	}
	d.Job, d.Role = run.id, c.cfg.Role
	d.Constraints = run.spec.Task.Constraints
	d.Executor, d.Overhead = run.executor.shared, run.executor.template.Overhead
	if run.executor.container != nil {
		d.Image = run.executor.container.Image
	}
	return d
}

// maxExecutorShare is the largest part of a trial's cpus that its executor's are taken out of, as 1/executorShare.
const maxExecutorShare = 20

// lessExecutor is what a trial asks for so that it and its executor come to the cpus it names: n trials of one cpu
// fit n cpus. An executor that weighs more than a twentieth of a trial is paid on top.
func lessExecutor(cpus, executor resource.Milli) resource.Milli {
	if executor*maxExecutorShare > cpus {
		return cpus
	}
	return cpus - executor
}

func (c *Core) thenDemand(run *run) *offers.Demand {
	if run.then != nil {
		return run.then
	}
	d, err := run.study.ThenDemand(run.entry.Params)
	if err != nil {
		c.end(run, sweep.PhaseFailed, fmt.Sprintf("the `then` step cannot start: %v", err))
		return nil
	}
	run.then = c.completeDemand(run, &d)
	return run.then
}

// updateOfferFlow keeps the master from sending offers nobody needs, and asks for them when somebody does (law 8).
func (c *Core) updateOfferFlow(work bool) {
	switch {
	case !work && !c.suppressed:
		c.suppressed = true
		c.call(cluster.Suppress{})
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

// passAt makes a pass due at a later time, one at a time.
func (c *Core) passAt(at time.Time) {
	if c.passScheduled {
		return
	}
	c.passScheduled = true
	c.timers.Set(at, func(time.Time) { c.passScheduled, c.packDue = false, true })
}

// applyPlan turns a plan into launches and declines.
func (c *Core) applyPlan(plan offers.Plan, groups []group, held bool) {
	note := PassDone{}
	refuse := refuseIdle
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
	for _, r := range plan.Unplaced {
		note.Refusals = append(note.Refusals, SweepRefusal{Sweep: groups[r.Demand].run.id, Refusal: r})
	}
	for i := range groups {
		if g := &groups[i]; g.isolated {
			g.run.isolatedQueue = append(g.run.isolatedQueue, g.trials...)
		}
	}
	for _, run := range c.order {
		if run.uniform == nil {
			run.restoreGroups(groups)
		}
	}
	if note.Launched > 0 || note.Declined > 0 || len(note.Refusals) > 0 {
		c.note(note)
	}
}

// restoreGroups brings what groups still hold back to the window they were made from.
func (r *run) restoreGroups(groups []group) {
	if len(r.window.groups) == 0 {
		return
	}
	for _, g := range groups {
		if g.run == r && g.trials != nil {
			if i, ok := r.window.index[g.demand]; ok {
				r.window.groups[i].trials = g.trials
			}
		}
	}
	r.window.settle()
}

// pop is the next trial of a group.
func (g *group) pop() (trial int, ok bool) {
	if g.trials == nil {
		return g.run.pop()
	}
	for len(g.trials) > 0 {
		trial, g.trials = g.trials[0], g.trials[1:]
		if g.run.waits(trial) {
			return trial, true
		}
	}
	return 0, false
}

// launch starts the next trial of a group on an agent.
func (c *Core) launch(g *group, id offers.AgentID, role string, grant offers.Grant) (cluster.TaskInfo, bool) {
	run := g.run
	trial, ok := g.pop()
	for ok {
		number := run.lastAttempt(trial) + 1
		order, err := c.taskOrder(run, trial, number)
		if err == nil {
			return c.start(g, trial, number, order, id, role, grant), true
		}
		c.failLaunch(run, trial, err)
		trial, ok = g.pop()
	}
	c.cfg.Packer.TaskEnded(id, (&attempt{role: role, demand: g.demand}).counted(), 1)
	return cluster.TaskInfo{}, false
}

// taskOrder resolves what an attempt runs.
func (c *Core) taskOrder(run *run, trial, number int) (task.Order, error) {
	if trial == ThenTrial {
		return run.study.Then(number, run.entry.Params, run.entry.Manifest)
	}
	p, err := run.point(trial)
	if err != nil {
		return task.Order{}, err
	}
	return run.study.Order(trial, number, p)
}

// start makes the attempt and its task.
func (c *Core) start(g *group, trial, number int, order task.Order, id offers.AgentID, role string,
	grant offers.Grant) cluster.TaskInfo {
	run := g.run
	a, _ := c.health.Agent(id)
	att := &attempt{
		run: run, trial: trial, number: number, task: cluster.NewTaskID(run.id, trial, number),
		agent: id, host: a.Host, role: role, demand: g.demand, launched: c.now, seed: order.Seed, reconciled: true,
		probe: c.health.RecordStart(id, ""),
	}
	run.attempts[run.slot(trial)] = uint16(number)
	run.live[trial] = att
	c.live.add(att)
	info := c.executorInfo(att, grant)
	att.executor = info.ID
	c.moved(run, trial, sweep.Launched, a.Host, "")
	c.journal(att.entry())
	c.watchLaunch(att, 0)
	return cluster.TaskInfo{ID: att.task, Name: string(att.task), Resources: grant.Resources, Executor: info, Data: task.Encode(order)}
}

// failLaunch fails a trial that cannot even be described: no other attempt would fare better.
func (c *Core) failLaunch(run *run, trial int, err error) {
	reason := fmt.Sprintf("cannot be launched: %v", err)
	if trial == ThenTrial {
		c.endUnlaunched(run, trial, sweep.Failed, reason)
		run.thenEnd = &thenEnd{sweep.Failed, reason}
		c.advance(run)
		return
	}
	c.endUnlaunched(run, trial, sweep.Failed, reason)
	run.failures.add(reason, trial)
	c.advance(run) // at once: a limit reached in the midst of a pass leaves the other trials alone
}

// parallel is the scheduler's own bound on the attempts of a sweep at one time; 0: none.
func (c *Core) parallel(id string) int {
	if c.cfg.Parallel == nil {
		return 0
	}
	return c.cfg.Parallel(id)
}
