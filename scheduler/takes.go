package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/offers"
)

const (
	// unknownTakes is how long a trial of which nothing is known has to be expected to take.
	unknownTakes = time.Hour
	// launchTakes is what a launch, and the executor that it may start, and a bundle of a learnt size take on top.
	launchTakes = 4 * time.Second
)

// takes is how long a task of the sweep should be expected to run: as long as the longest recent trial that ended by
// itself, plus the cost of a launch and of a bundle. Before enough trials have ended it is the timeout, or
// unknownTakes without one. A bundle of a size that the spec names takes as long as its trials together.
func (r *run) takes() time.Duration {
	one := r.timeLimit()
	if r.took.count >= knownTrials {
		learnt := r.took.longest() + launchTakes
		if one == 0 || learnt < one {
			one = learnt
		}
	}
	if one == 0 {
		one = unknownTakes
	}
	n := time.Duration(max(r.spec.Task.Bundle.Most(), 1))
	if one >= mostTakes/n {
		return mostTakes
	}
	return n * one
}

// stepTakes is the same of the step that follows the trials: nothing is learnt of it.
func (r *run) stepTakes() time.Duration {
	if limit := r.timeLimit(); limit > 0 {
		return min(limit, mostTakes)
	}
	return unknownTakes
}

// timeLimit is when an attempt is ended at the latest; 0: never.
func (r *run) timeLimit() time.Duration {
	if r.spec.Task.Timeout <= 0 {
		return 0
	}
	return min(r.spec.Task.Timeout, mostTakes) + min(r.spec.Task.Grace, mostTakes)
}

// stays reports whether an agent stays for as long as something takes.
func (c *Core) stays(id offers.AgentID, takes time.Duration) bool {
	u, known := c.health.Leaves[id]
	return !known || !u.Planned(c.now) || c.now.Add(max(takes, 1)).Compare(u.Start) <= 0
}
