package scheduler

import "github.com/kaon-sweep/kaon/offers"

// enqueue lets a waiting trial start, in an executor of its own if it is to have one. The `then` step waits by its state alone.
func (r *run) enqueue(trial int) {
	switch {
	case trial == ThenTrial:
	case r.isolate[trial]:
		r.isolatedQueue = append(r.isolatedQueue, trial)
	default:
		r.retryQueue = append(r.retryQueue, trial)
	}
}

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
		d, err := run.shapeOf(trial)
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
