package scheduler

import "github.com/kaon-sweep/kaon/scheduler/cluster"

// Attempts that share an executor share what it fetched. Where each has its own, their agent brings code and inputs: it
// fetches them once, and copies. Two things can go wrong that an executor by itself does better. An agent gives a
// container one minute by default from launch to subscription, however long fetching takes; and when fetching fails, it
// does not say of what. So an attempt after a loss fetches for itself, and so do all of a sweep when agents keep failing.

// unbroughtToStop in a row, with no attempt of the sweep between them that came to run, are the agents' way and not
// chance.
const unbroughtToStop = 5

// inputs are what agents bring to executors that serve one attempt of a sweep.
func (c *Core) inputs(id string) []cluster.URI {
	if c.cfg.Inputs == nil {
		return nil
	}
	return c.cfg.Inputs(id)
}

// bring says what the agent is to bring to a new attempt.
func (a *attempt) bring() []cluster.URI {
	r := a.run
	if r.unbrought >= unbroughtToStop || r.budgets[a.trial].Losses > 0 {
		return nil
	}
	a.brought = len(r.outfit.inputs) > 0
	return r.outfit.inputs
}

// unbrought reports whether an attempt ended because its agent could not bring what it was to, or not in time.
func unbrought(att *attempt, s cluster.Status) bool {
	return att.brought && (s.Reason == "REASON_EXECUTOR_REGISTRATION_TIMEOUT" || fetchFailure(s))
}

// countUnbrought gives up on what agents bring when none succeeds.
func (c *Core) countUnbrought(att *attempt, v verdict) {
	r := att.run
	switch {
	case !att.brought || r.unbrought >= unbroughtToStop:
	case v.unbrought:
		if r.unbrought++; r.unbrought == unbroughtToStop {
			c.note(Unbrought{Sweep: r.id, Reason: v.reason})
		}
	case !att.started.IsZero() || v.end != nil:
		r.unbrought = 0
	}
}
