package scheduler

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
)

// The guard against black holes: an agent whose attempts die at once is free at once, and would swallow the
// whole queue. Unproven agents get few tasks at a time; agents that fail fast are left alone for a while, provided that
// others could take their work and do not fail as fast.
const (
	// fastDeath is a run so short that the agent is suspected; real trials rarely fail within it on good agents.
	fastDeath = 10 * time.Second
	// deathsToAvoid in a row make an agent avoided.
	deathsToAvoid = 5
	firstAvoid    = 30 * time.Second
	mostAvoid     = 10 * time.Minute
	// A loss that the agent may be to blame for makes it pause, for a time that doubles with every further one.
	firstPause = 5 * time.Second
	mostPause  = 40 * time.Second
	// avoidDecay without a fast death forgives one doubling of the time avoided.
	avoidDecay = 10 * time.Minute
	// recentEnds is how many ends of attempts, over all agents, tell whether trials die everywhere.
	recentEnds = 64
)

// agent is what the guard knows of one agent.
type agent struct {
	host         string
	running      int       // live attempts
	proven       bool      // an attempt succeeded there, or ran for long
	deaths       int       // fast ones in a row; attempts that one cause ended together are one
	fell         time.Time // when the last of them was counted that no executor told of
	pauses       int       // in a row, since something last went well there
	avoided      int       // times in a row
	since        time.Time
	until        time.Time
	arch         string // as its attributes name it; empty: they do not
	archMismatch bool   // an executor found no binary for it
	drains       bool   // an operator drains it, and it has offered nothing since
}

// guard holds what the packer is told about agents, kept up to date so that a pass need not walk all agents.
type guard struct {
	caps    map[offers.AgentID]int
	avoid   map[offers.AgentID]time.Time
	last    map[offers.AgentID]bool   // get only what others cannot take: what ended there last was lost
	foreign map[offers.AgentID]string // no executor is built for their architecture
	recent  [recentEnds]recentEnd
	ends    int
}

type recentEnd struct {
	agent offers.AgentID
	fast  bool
}

func newGuard() guard {
	return guard{
		caps: map[offers.AgentID]int{}, avoid: map[offers.AgentID]time.Time{}, last: map[offers.AgentID]bool{},
		foreign: map[offers.AgentID]string{},
	}
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
	if a.probation() {
		n = 1
	}
	c.guard.caps[id] = max(0, n-a.running)
}

// probation reports whether an agent that did badly gets one attempt at a time.
func (a *agent) probation() bool { return !a.proven && a.avoided+a.pauses > 0 }

// judgeAgent counts the end of an attempt for or against its agent.
func (c *Core) judgeAgent(att *attempt, v classification) {
	a := c.agentOf(att.agent, att.host)
	a.running--
	defer func() { c.cap(att.agent, a) }()
	if v.outcome == sweep.AttemptStopped || v.outcome == sweep.AttemptPreempted || v.uncharged || v.agentNotBlamed || !att.unreachableSince.IsZero() {
		return
	}
	fast := v.outcome != sweep.AttemptSucceeded && (att.started.IsZero() || c.now.Sub(att.started) < fastDeath)
	if fast && att.endSource != sourceExecutor {
		if !a.fell.IsZero() && !att.launched.After(a.fell) {
			return // what ended an executor or an agent ended all that was there: one event
		}
		a.fell = c.now
	}
	c.guard.recent[c.guard.ends%recentEnds] = recentEnd{att.agent, fast}
	c.guard.ends++
	if !fast {
		c.didWell(att.agent, a)
		if a.avoided > 0 && c.now.Sub(a.since) >= avoidDecay {
			a.avoided--
			a.since = c.now
		}
		return
	}
	a.deaths++
	c.suspect(att, a, v)
}

// didWell forgives an agent what was held against it but the times it was avoided, which take longer.
func (c *Core) didWell(id offers.AgentID, a *agent) {
	a.proven, a.deaths, a.pauses = true, 0, 0
	delete(c.guard.last, id)
}

// suspect draws the consequences of a fast death for its agent.
func (c *Core) suspect(att *attempt, a *agent, v classification) {
	limit := deathsToAvoid
	if a.avoided > 0 && !a.proven {
		limit = 1
	}
	switch {
	case !c.elsewhere(att):
	case a.deaths >= limit:
		c.avoidAgent(att.agent, a, v.reason)
	case v.outcome == sweep.AttemptLost:
		c.guard.last[att.agent] = true
		if !a.proven || a.deaths > 1 {
			c.pauseAgent(att.agent, a)
		}
	}
}

// elsewhere reports whether an attempt that died would have fared better on another agent, as far as is known: where
// attempts die as fast everywhere, the trials are to blame, and where no other agent could take it, none is better.
func (c *Core) elsewhere(att *attempt) bool {
	others, fast := 0, 0
	for _, e := range c.guard.recent[:min(c.guard.ends, recentEnds)] {
		if e.agent != att.agent {
			others++
			if e.fast {
				fast++
			}
		}
	}
	if others > 0 {
		return 2*fast < others
	}
	return c.cfg.Packer.Could(att.demand, func(id offers.AgentID) bool { return id == att.agent || c.shunned(id) })
}

// shunned reports whether an agent is kept from getting work.
func (c *Core) shunned(id offers.AgentID) bool {
	_, foreign := c.guard.foreign[id]
	_, avoided := c.guard.avoid[id]
	return foreign || avoided
}

// pauseAgent leaves an agent alone for a moment in which its work may go to others, and then tries it with one attempt.
func (c *Core) pauseAgent(id offers.AgentID, a *agent) {
	wait := timer.Backoff(firstPause, mostPause, a.pauses)
	a.pauses++
	a.proven = false
	c.leaveAlone(id, a, wait, func() {})
}

func (c *Core) avoidAgent(id offers.AgentID, a *agent, reason string) {
	wait := timer.Backoff(firstAvoid, mostAvoid, a.avoided)
	if !c.leaveAlone(id, a, wait, func() { c.note(AgentAvoided{Agent: id, Host: a.host}) }) {
		return
	}
	a.avoided++
	a.proven, a.since = false, c.now
	c.note(AgentAvoided{
		Agent: id, Host: a.host, Until: a.until,
		Reason: fmt.Sprintf("%d attempts in a row died within %v, last: %s", a.deaths, fastDeath, reason),
	})
}

// leaveAlone lets an agent have no work for a time, unless it has none already for as long.
func (c *Core) leaveAlone(id offers.AgentID, a *agent, wait time.Duration, over func()) bool {
	until := c.now.Add(wait)
	if !until.After(a.until) {
		return false
	}
	a.until = until
	c.guard.avoid[id] = until
	c.timers.Set(until, func(time.Time) {
		if a.until.Equal(until) && c.agents[id] == a {
			delete(c.guard.avoid, id)
			over()
			c.requestOffers()
		}
	})
	return true
}
