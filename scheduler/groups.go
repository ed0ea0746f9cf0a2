package scheduler

import (
	"fmt"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/queue"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// group is waiting trials of one sweep that ask for the same.
type group struct {
	run *run
	queue.Group
	granted int // tasks that the plan at hand places and that are not launched yet
}

// groups is all that may start now, in order of submission, and whether more waits that may not.
func (c *Core) groups() (all []group, held bool) {
	c.hitsLeft = false
	for _, run := range c.order {
		if run.entry.Phase.Ended() {
			continue
		}
		if c.takeHits(run); run.hits >= mostHits {
			held = true
			continue
		}
		n := run.launchable(c.parallel(run.id))
		held = held || n < run.counts[sweep.Waiting]
		if run.queue.Isolates() {
			for _, g := range c.isolatedGroups(run, n) {
				n -= g.Count
				all = append(all, group{run: run, Group: g})
			}
		}
		switch {
		case n == 0:
		case run.entry.Phase == sweep.PhaseThen:
			if d := c.thenDemand(run); d != nil {
				all = append(all, group{run: run, Group: queue.Single(ThenTrial, d)})
			}
		default:
			for _, g := range c.trialGroups(run, n) {
				c.completeDemand(run, g.Demand)
				all = append(all, group{run: run, Group: g})
			}
		}
	}
	return all, held
}

// isolatedGroups is the trials that are to have executors of their own and may start now, n at most.
func (c *Core) isolatedGroups(run *run, n int) []queue.Group {
	for {
		all, bad := run.queue.Isolated(n)
		if bad == nil {
			for _, g := range all {
				c.completeIsolated(run, g.Demand)
			}
			return all
		}
		c.failLaunch(run, bad.Trial, bad.Err)
	}
}

// trialGroups is the trials that a pass looks at. The journal learns of which of them a search was asked for.
func (c *Core) trialGroups(run *run, n int) []queue.Group {
	for {
		all, fresh, bad := run.queue.Groups(n)
		for _, trial := range fresh {
			e := journal.TrialEntry{Sweep: run.id, Trial: trial, Attempt: run.lastAttempt(trial)}
			setSteps(&e, run.search.Steps(trial))
			c.journal(e)
		}
		if bad == nil {
			return all
		}
		c.failLaunch(run, bad.Trial, bad.Err)
	}
}

// completeDemand completes a demand with what is the scheduler's business.
func (c *Core) completeDemand(run *run, d *offers.Demand) *offers.Demand {
	if d.Overhead.CPUs == 0 { // the first time
		d.Resources.CPUs = lessExecutor(d.Resources.CPUs, run.executor.template.Overhead.CPUs)
	}
	d.Job, d.Role, d.Takes = run.id, c.cfg.Role, run.takes()
	d.Constraints = run.spec.Task.Constraints
	d.Executor, d.Overhead = run.executor.shared, run.executor.template.Overhead
	if run.executor.container != nil {
		d.Image = run.executor.container.Image
	}
	return d
}

// completeIsolated completes a demand whose task brings an executor of its own.
func (c *Core) completeIsolated(run *run, d *offers.Demand) *offers.Demand {
	c.completeDemand(run, d)
	d.Executor = ""
	return d
}

// maxExecutorShare is the largest part of a trial's cpus that its executor's are taken out of, as 1/maxExecutorShare.
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
	run.then.Takes = run.stepTakes()
	return run.then
}

// failLaunch fails a trial that cannot even be described: no other attempt would fare better.
func (c *Core) failLaunch(run *run, trial int, err error) {
	if broken := run.search.Err(); broken != nil && trial != ThenTrial { // it has no point for any other either
		run.unstartable = broken.Error()
		c.advance(run)
		return
	}
	reason := fmt.Sprintf("cannot be launched: %v", err)
	c.endUnlaunched(run, trial, sweep.Failed, reason)
	if trial == ThenTrial {
		run.thenEnd = &thenEnd{sweep.Failed, reason}
	} else {
		run.failures.add(reason, trial)
	}
	c.advance(run) // at once: a limit reached in the midst of a pass leaves the other trials alone
}
