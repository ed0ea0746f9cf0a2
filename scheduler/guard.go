package scheduler

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/offers"
)

// The guard against black holes: an agent whose attempts die at once is free at once, and would swallow the
// whole queue. Unproven agents get few tasks at a time; agents that fail fast are left alone for a while.
const (
	// fastDeath is a run so short that the agent is suspected; real trials rarely fail within it on good agents.
	fastDeath = 10 * time.Second
	// deathsToAvoid in a row make an agent avoided, unless the trials die everywhere.
	deathsToAvoid = 5
	firstAvoid    = 30 * time.Second
	mostAvoid     = 10 * time.Minute
	// avoidDecay without a fast death forgives one doubling of the time avoided.
	avoidDecay = 10 * time.Minute
	// recentEnds is how many ends of attempts, over all agents, tell whether trials die everywhere.
	recentEnds = 64
	// overtime is what an executor gets beyond timeout and grace to end an attempt and say so.
	overtime = time.Minute
)

// agent is what the guard knows of one agent.
type agent struct {
	host    string
	running int  // live attempts
	proven  bool // an attempt succeeded there, or ran for long
	deaths  int  // fast ones in a row
	avoided int  // times in a row
	since   time.Time
	until   time.Time
	arch    string // as its attributes name it; empty: they do not
	alien   bool   // an executor found no binary for it
}

// guard holds what the packer is told about agents, kept up to date so that a pass need not walk all agents.
type guard struct {
	caps    map[offers.AgentID]int
	avoid   map[offers.AgentID]time.Time
	foreign map[offers.AgentID]string // no executor is built for their architecture
	recent  [recentEnds]recentEnd
	ends    int
}

type recentEnd struct {
	agent offers.AgentID
	fast  bool
}

func newGuard() guard {
	return guard{caps: map[offers.AgentID]int{}, avoid: map[offers.AgentID]time.Time{}, foreign: map[offers.AgentID]string{}}
}

// agentOf is the record of an agent, made at first sight.
func (c *Core) agentOf(id offers.AgentID, host string) *agent {
	a := c.agents[id]
	if a == nil {
		a = &agent{}
		c.agents[id] = a
		c.cap(id, a)
	}
	if host != "" {
		a.host = host
	}
	return a
}

// cap tells the packer how many more tasks an unproven agent may get.
func (c *Core) cap(id offers.AgentID, a *agent) {
	if a.proven {
		delete(c.guard.caps, id)
		return
	}
	n := c.cfg.UnprovenCap
	if a.avoided > 0 {
		n = 1 // on probation
	}
	c.guard.caps[id] = max(0, n-a.running)
}

// judgeAgent counts the end of an attempt for or against its agent.
func (c *Core) judgeAgent(att *attempt, v verdict) {
	a := c.agentOf(att.agent, att.host)
	a.running--
	defer func() { c.cap(att.agent, a) }()
	if v.kind == stopped || v.kind == preempted || v.free || v.excused || !att.missing.IsZero() {
		return
	}
	fast := v.kind != succeeded && (att.started.IsZero() || c.now.Sub(att.started) < fastDeath)
	c.guard.recent[c.guard.ends%recentEnds] = recentEnd{att.agent, fast}
	c.guard.ends++
	if !fast {
		a.proven, a.deaths = true, 0
		if a.avoided > 0 && c.now.Sub(a.since) >= avoidDecay {
			a.avoided--
			a.since = c.now
		}
		return
	}
	a.deaths++
	limit := deathsToAvoid
	if a.avoided > 0 && !a.proven {
		limit = 1
	}
	if a.deaths >= limit && !c.guard.everywhere(att.agent) {
		c.avoidAgent(att.agent, a, v.reason)
	}
}

// watchRun proves the agent of an attempt that lives long enough, and ends one that outlives its timeout, which
// its executor should have done.
func (c *Core) watchRun(att *attempt) {
	if a := c.agents[att.agent]; !a.proven {
		c.timers.set(att.started.Add(fastDeath), func(time.Time) {
			if att.run.live[att.trial] == att && att.missing.IsZero() && !a.proven {
				a.proven, a.deaths = true, 0
				c.cap(att.agent, a)
				c.workArrived()
			}
		})
	}
	task := &att.run.spec.Task
	if task.Timeout <= 0 {
		return
	}
	c.timers.set(att.started.Add(task.Timeout+task.Grace+overtime), func(time.Time) {
		if att.run.live[att.trial] == att {
			c.kill(att, endOverdue, fmt.Sprintf("%s, and its executor did not end it", sayTimeout(att)))
		}
	})
}

// everywhere reports whether attempts die as fast on other agents, so that the trials are to blame. With no other
// agent to compare there is also none to go to.
func (g *guard) everywhere(id offers.AgentID) bool {
	others, fast := 0, 0
	for _, e := range g.recent[:min(g.ends, recentEnds)] {
		if e.agent != id {
			others++
			if e.fast {
				fast++
			}
		}
	}
	return others == 0 || 2*fast >= others
}

func (c *Core) avoidAgent(id offers.AgentID, a *agent, reason string) {
	if a.until.After(c.now) {
		return
	}
	wait := backoff(firstAvoid, mostAvoid, a.avoided)
	a.avoided++
	a.proven, a.since, a.until = false, c.now, c.now.Add(wait)
	c.guard.avoid[id] = a.until
	c.note(Avoided{
		Agent: id, Host: a.host, Until: a.until,
		Reason: fmt.Sprintf("%d attempts in a row died within %v, last: %s", a.deaths, fastDeath, reason),
	})
	until := a.until
	c.timers.set(until, func(time.Time) {
		if a.until.Equal(until) && c.agents[id] == a {
			delete(c.guard.avoid, id)
			c.note(Avoided{Agent: id, Host: a.host})
			c.workArrived()
		}
	})
}

// agentGone forgets an agent. Its tasks' own updates tell what became of them.
func (c *Core) agentGone(ev AgentGone) {
	c.cfg.Packer.RemoveAgent(ev.Agent)
	delete(c.seen, ev.Agent)
	for att := c.live.first; att != nil; att = att.next {
		if att.agent == ev.Agent {
			att.answered = false // should its update get lost, we ask
		}
	}
	if a := c.agents[ev.Agent]; a != nil {
		c.askLater()
	}
}

func (c *Core) executorGone(ev ExecutorGone) {
	c.premature(ev)
	c.executorEnded(workerKey{ev.Agent, ev.Executor})
}
