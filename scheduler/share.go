package scheduler

import (
	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
)

// division is what a pass asks the packer to place of the groups.
type division struct {
	demands []offers.Demand
	of      []int // by demand, its group; nil: they are the groups
	held    []SweepHeld
	left    []int // by group, what the plan has not placed
}

// divide says which tasks of the groups may start, and in which order: by the shares of queues, users and sweeps. One
// sweep alone, which no queue limits, has all there is.
func (c *Core) divide(groups []group) (d division) {
	if c.undivided(groups) {
		d.demands = make([]offers.Demand, len(groups))
		for i, g := range groups {
			d.demands[i] = *g.Demand
			d.demands[i].Count = g.Count
		}
		return d
	}
	jobs, of, _ := c.jobs(groups, func(d *offers.Demand) bool { return !c.cfg.Packer.Holds(d) })
	supply := c.cfg.Packer.Supply(c.now, offers.Options{Exclude: c.health.Unusable(c.now)})
	turns, held := fairness.Divide(c.queues, supply.Total, supply.Free, jobs)
	d.of = make([]int, 0, len(turns))
	for _, t := range turns {
		at := of[t.Job][t.Want]
		demand := *groups[at].Demand
		demand.Count, demand.Priority = t.Count, -t.Level
		d.demands, d.of = append(d.demands, demand), append(d.of, at)
	}
	for _, h := range held {
		run := groups[of[h.Job][h.Want]].run
		if n := len(d.held); n > 0 && d.held[n-1].Sweep == run.id {
			d.held[n-1].Trials += h.Count
			continue
		}
		d.held = append(d.held, SweepHeld{Sweep: run.id, Trials: h.Count, Why: h.Why})
	}
	return d
}

// undivided reports whether what waits is of one sweep, which no queue limits.
func (c *Core) undivided(groups []group) bool {
	if len(groups) == 0 {
		return true
	}
	run := groups[0].run
	if groups[len(groups)-1].run != run { // they come by sweep
		return false
	}
	for i := range c.queues {
		if q := &c.queues[i]; q.Limits() && fairness.Above(q.Name, run.spec.InQueue()) {
			return false
		}
	}
	return true
}

// jobs are the sweeps that run or wait, and by job and want which group that is. Stuck is what no agent has room for.
func (c *Core) jobs(groups []group, isStuck func(*offers.Demand) bool) (jobs []fairness.Job, of [][]int, runs []*run) {
	next := 0
	var last *group
	stuck := false
	for _, run := range c.order {
		from := next
		for next < len(groups) && groups[next].run == run {
			next++
		}
		if run.tasks == 0 && next == from {
			continue
		}
		j, at := run.job(), make([]int, 0, next-from)
		for i := from; i < next; i++ {
			g := &groups[i]
			need := taken(g.Demand)
			if last == nil || !alike(last.Demand, g.Demand) {
				last, stuck = g, isStuck(g.Demand)
			}
			j.Wants = append(j.Wants, fairness.Want{Need: need, Count: g.Count, Stuck: stuck})
			at = append(at, i)
		}
		jobs, of, runs = append(jobs, j), append(of, at), append(runs, run)
	}
	return jobs, of, runs
}

// job is the sweep as it competes, without what it wants.
func (r *run) job() fairness.Job {
	return fairness.Job{Queue: r.spec.InQueue(), User: r.entry.Owner, Priority: r.spec.Priority, Running: r.tasks,
		Used: r.used}
}

// alike reports whether an agent that has room for a task of one demand has it for one of the other.
func alike(a, b *offers.Demand) bool {
	return a.Resources.Equal(&b.Resources) && a.Role == b.Role && (a.Executor == "") == (b.Executor == "") &&
		a.Overhead.Equal(&b.Overhead)
}

// refusals are the packer's reasons for what waits, one for each group. It also brings the plan back to the groups.
func (d *division) refusals(plan *offers.Plan, groups []group) (all []SweepRefusal) {
	d.left = make([]int, len(groups))
	if d.of == nil {
		for _, r := range plan.Unplaced {
			d.left[r.Demand] += r.Count
			all = append(all, SweepRefusal{Sweep: groups[r.Demand].run.id, Refusal: r})
		}
		return all
	}
	for i := range plan.Launches {
		for k := range plan.Launches[i].Grants {
			g := &plan.Launches[i].Grants[k]
			g.Demand = d.of[g.Demand]
		}
	}
	first := map[int]int{}
	for _, r := range plan.Unplaced {
		group := d.of[r.Demand]
		d.left[group] += r.Count
		if at, known := first[group]; known {
			all[at].Refusal.Count += r.Count
			continue
		}
		first[group] = len(all)
		all = append(all, SweepRefusal{Sweep: groups[group].run.id, Refusal: r})
	}
	return all
}

// setQueues takes other queues.
func (c *Core) setQueues(ev SetQueues) {
	c.queues = ev.Queues
	c.requestOffers()
}
