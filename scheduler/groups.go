package scheduler

import (
	"fmt"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// isolatedGroups is the trials that are to have executors of their own and may start now, n at most, by what they need.
func (c *Core) isolatedGroups(run *run, n int) (all []group) {
	index := map[*offers.Demand]int{}
	waiting := run.isolatedQueue
	run.isolatedQueue = nil
	for _, trial := range waiting {
		if !run.waits(trial) {
			continue
		}
		if n == 0 {
			run.isolatedQueue = append(run.isolatedQueue, trial)
			continue
		}
		d, _, err := run.shapeOf(trial)
		if err != nil {
			c.failLaunch(run, trial, err)
			continue
		}
		own := c.isolatedDemand(run, d)
		i, known := index[own]
		if !known {
			i = len(all)
			index[own] = i
			all = append(all, group{run: run, demand: own, isolated: true})
		}
		all[i].trials = append(all[i].trials, trial)
		all[i].count++
		n--
	}
	return all
}

// isolatedDemand is a demand whose task brings an executor of its own; equal ones are one pointer.
func (c *Core) isolatedDemand(run *run, d *offers.Demand) *offers.Demand {
	if run.isolatedDemands == nil {
		run.isolatedDemands = map[*offers.Demand]*offers.Demand{}
	}
	if run.isolatedDemands[d] == nil {
		own := *c.completeDemand(run, d)
		own.Executor = ""
		run.isolatedDemands[d] = &own
	}
	return run.isolatedDemands[d]
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
	d, err := run.builder.ThenDemand(run.entry.Params)
	if err != nil {
		c.end(run, sweep.PhaseFailed, fmt.Sprintf("the `then` step cannot start: %v", err))
		return nil
	}
	run.then = c.completeDemand(run, &offers.Demand{Resources: d, Count: 1})
	return run.then
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
