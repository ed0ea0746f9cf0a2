package embedded

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/agent"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// member joins an agent to a Core: to the master, by messages that a partition loses, and to the world or the
// simulation, by effects.
type member struct {
	core  *Core
	agent *agent.Agent
	spec  AgentSpec
	cut   bool // no message passes between it and the master
}

// AddAgent starts an agent that never was in a cluster, or, given the id and records of a former life, takes
// its containers over.
func (c *Core) AddAgent(now time.Time, spec AgentSpec, id protocol.AgentID, records []protocol.Record) {
	c.do(now, func() {
		if _, ok := c.agents[spec.Name]; !ok {
			c.order = append(c.order, spec.Name)
		}
		port := int32(spec.Port)
		a := &member{core: c, spec: spec}
		cfg := agent.Config{
			Name: spec.Name, IP: c.cfg.IP, Timing: c.cfg.Timing, Persist: spec.Durable, GPUs: spec.GPUs,
			Sized: spec.Sized, Remote: spec.Remote,
			IDs: protocol.NewIDSource(c.cfg.Seed^c.rng.Uint64(), 7),
			Info: mesos.AgentInfo{Hostname: spec.Hostname, Port: &port, Resources: spec.Resources,
				Attributes: spec.Attributes},
		}
		if spec.Shared {
			cfg.Share = &protocol.Share{}
		}
		a.agent = agent.New(cfg, a, c.now)
		c.agents[spec.Name] = a
		if id != "" {
			c.byID[id] = a
			if c.master != nil {
				c.master.Expect(id)
			}
		}
		a.agent.Restore(id, records)
		if !a.agent.Recovering() {
			a.Rejoin()
		}
	})
}

// Emit passes an effect on: to the world, or to the simulation of executors.
func (a *member) Emit(e protocol.Effect) {
	c := a.core
	c.collect()
	if a.spec.Simulated {
		c.sim.effect(a.agent, e)
		return
	}
	c.effects = append(c.effects, e)
}

// Send carries a message to the master, behind those that are on their way.
func (a *member) Send(msg protocol.ToMaster) {
	c := a.core
	c.queue = append(c.queue, func() {
		m := c.master
		if m == nil || a.cut {
			return
		}
		if r, ok := msg.(protocol.Register); ok {
			if id, admitted := m.Register(r.Info, r.Limit); admitted {
				c.byID[id] = a
			} else {
				a.agent.Receive(protocol.Shutdown{})
			}
			return
		}
		m.Receive(a.agent.ID(), msg)
	})
}

// Later calls do at a time, in the agent's own.
func (a *member) Later(at time.Time, do func()) {
	a.core.deadlines.Set(at, func(time.Time) {
		a.agent.Advance(a.core.now)
		do()
	})
}

// Rejoin has the agent go to the master, if there is one by then; one that was in the cluster waits a while
// first.
func (a *member) Rejoin() {
	c, n := a.core, a.agent
	join := func() {
		if !n.Dead() && !n.Registered() && c.master != nil {
			n.Advance(c.now)
			n.Join()
		}
	}
	if wait := c.cfg.Timing.ReregistrationBackoff; wait > 0 && n.ID() != "" {
		c.deadlines.Set(c.now.Add(wait), func(time.Time) { join() })
		return
	}
	c.queue = append(c.queue, join)
}
