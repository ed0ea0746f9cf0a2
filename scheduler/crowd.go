package scheduler

import (
	"strings"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// An agent that ends a shared executor for its memory or disk ends all attempts in it, of which one did it, and nobody
// can tell which. None is charged; each of their trials goes on in an executor of its own, where the one shows itself
// and harms nobody.

// limitation reports whether an agent ended a container that went beyond its resources.
func limitation(s cluster.Status) bool {
	return strings.HasPrefix(s.Reason, "REASON_CONTAINER_LIMITATION")
}

// crowd counts, at the first of them that is told of, the attempts that ended together.
func (c *Core) crowd(att *attempt) {
	if att.beside > 0 {
		return
	}
	var all []*attempt
	for other := c.live.first; other != nil; other = other.next {
		if other.agent == att.agent && other.executor == att.executor {
			all = append(all, other)
		}
	}
	for _, other := range all {
		other.beside = len(all) - 1
	}
}

// due lets a waiting trial start, in an executor of its own if it is to have one. The `then` step waits by its state alone.
func (r *sweepRun) due(trial int) {
	switch {
	case trial == ThenTrial:
	case r.apart[trial]:
		r.alone = append(r.alone, trial)
	default:
		r.again = append(r.again, trial)
	}
}

// lonely is the trials that are to have executors of their own and may start now, n at most, by what they need.
func (c *Core) lonely(run *sweepRun, n int) (all []group) {
	index := map[*offers.Demand]int{}
	waiting := run.alone
	run.alone = nil
	for _, trial := range waiting {
		if !run.waits(trial) {
			continue
		}
		if n == 0 {
			run.alone = append(run.alone, trial)
			continue
		}
		d, err := run.shapeOf(trial)
		if err != nil {
			c.unlaunchable(run, trial, err)
			continue
		}
		own := c.own(run, d)
		i, known := index[own]
		if !known {
			i = len(all)
			index[own] = i
			all = append(all, group{run: run, demand: own, alone: true})
		}
		all[i].trials = append(all[i].trials, trial)
		all[i].count++
		n--
	}
	return all
}

// own is a demand whose task brings an executor of its own; equal ones are one pointer.
func (c *Core) own(run *sweepRun, d *offers.Demand) *offers.Demand {
	if run.owns == nil {
		run.owns = map[*offers.Demand]*offers.Demand{}
	}
	if run.owns[d] == nil {
		own := *c.shaped(run, d)
		own.Executor = ""
		run.owns[d] = &own
	}
	return run.owns[d]
}

// shares reports whether an attempt that is to be launched as a demand says shares its executor.
func (o *outfit) shares(d *offers.Demand) bool { return o.shared != "" && d.Executor != "" }
