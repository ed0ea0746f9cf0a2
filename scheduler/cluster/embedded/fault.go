package embedded

import (
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/agent"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/master"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// StartMaster starts a master where none is: it has a new id, knows the agents of the one before by id, and
// learns everything else from them and from the schedulers that come back.
func (c *Core) StartMaster(now time.Time) {
	if c.master != nil {
		return
	}
	c.do(now, func() {
		c.masters++
		cfg := master.Config{
			Hostname: c.cfg.Hostname, IP: c.cfg.IP, Port: c.cfg.Port, Timing: c.cfg.Timing, Refused: c.cfg.Refused,
			Maintenance: c.kept, Keep: c.cfg.Keep, IDs: protocol.NewIDSource(c.cfg.Seed, 1000+c.masters),
			Send: c.toAgent,
		}
		for _, name := range c.order {
			if a := c.agents[name]; a != nil && a.agent.ID() != "" {
				cfg.Recover = append(cfg.Recover, a.agent.ID())
			}
		}
		c.master = master.New(cfg, c.now)
		c.rejoin()
	})
}

// rejoin has agents that are not registered go to the master.
func (c *Core) rejoin() {
	for _, name := range c.order {
		if a := c.agents[name]; a != nil {
			a.Rejoin()
		}
	}
}

// KillMaster ends the master as SIGKILL would: nothing is said to anyone.
func (c *Core) KillMaster(now time.Time) {
	c.do(now, func() {
		c.collect()
		c.master = nil
		for _, name := range c.order {
			if a := c.agents[name]; a != nil {
				a.agent.Disconnected()
			}
		}
	})
}

// KillAgent ends an agent as SIGKILL would. Its executors go on running; the master hears silence.
func (c *Core) KillAgent(now time.Time, name string) {
	c.do(now, func() {
		a := c.agents[name]
		if a == nil {
			return
		}
		delete(c.byID, a.agent.ID())
		c.agents[name] = nil
		for _, conn := range a.agent.Kill() {
			c.effects = append(c.effects, protocol.CloseExecutor{Conn: conn})
		}
		if c.master != nil {
			c.master.AgentDown(a.agent.ID())
		}
	})
}

// Partition cuts an agent off from the master, and Heal undoes it: messages between them are lost, executors
// go on. The master notices at once that the connection is gone, and gives the agent up after the agent
// timeout.
func (c *Core) Partition(now time.Time, name string) {
	c.onAgent(now, name, func(n *agent.Agent) {
		c.agents[name].cut = true
		n.Disconnected()
		if c.master != nil {
			c.master.AgentDown(n.ID())
		}
	})
}

// Heal: see Partition.
func (c *Core) Heal(now time.Time, name string) {
	c.onAgent(now, name, func(*agent.Agent) {
		a := c.agents[name]
		a.cut = false
		if c.master != nil && a.agent.ID() != "" {
			c.master.Expect(a.agent.ID()) // it may have executors to wait for yet
		}
		a.Rejoin()
	})
}
