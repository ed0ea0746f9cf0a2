package embedded

import (
	"time"
)

// StartMaster starts a master where none is: it has a new id, knows the agents of the one before by id, and learns
// everything else from them and from the schedulers that come back.
func (c *Core) StartMaster(now time.Time) {
	if c.master != nil {
		return
	}
	c.do(now, func() {
		c.masters++
		cfg := masterConfig{hostname: c.cfg.Hostname, ip: c.cfg.IP, port: c.cfg.Port, timing: c.cfg.Timing}
		for _, name := range c.order {
			if n := c.nodes[name]; n != nil && n.id != "" {
				cfg.recover = append(cfg.recover, n.id)
			}
		}
		c.master = newMaster(cfg, newSource(c.cfg.Seed, 1000+c.masters), c.now, c.tellNode)
		for _, name := range c.order {
			if n := c.nodes[name]; n != nil {
				c.joinLater(n)
			}
		}
	})
}

// joinLater has an agent go to the master, if there is one by then; one that was in the cluster waits a while first.
func (c *Core) joinLater(n *node) {
	join := func() {
		if !n.dead && !n.registered && c.master != nil {
			n.now = c.now
			n.join()
		}
	}
	if wait := c.cfg.Timing.ReregistrationBackoff; wait > 0 && n.id != "" {
		c.deadlines.set(c.now.Add(wait), func(time.Time) { join() })
		return
	}
	c.queue = append(c.queue, join)
}

// KillMaster ends the master as SIGKILL would: nothing is said to anyone.
func (c *Core) KillMaster(now time.Time) {
	c.do(now, func() {
		c.collect()
		c.master = nil
		for _, name := range c.order {
			if n := c.nodes[name]; n != nil {
				n.registered = false
			}
		}
	})
}

// KillAgent ends an agent as SIGKILL would. Its executors go on running; the master hears silence.
func (c *Core) KillAgent(now time.Time, name string) {
	c.do(now, func() {
		n := c.nodes[name]
		if n == nil {
			return
		}
		n.dead = true
		delete(c.byID, n.id)
		c.nodes[name] = nil
		for _, conn := range sortedKeys(n.conns) {
			c.effects = append(c.effects, CloseExecutor{conn})
		}
		if c.master != nil {
			c.master.agentDown(n.id)
		}
	})
}

// Partition cuts an agent off from the master, and Heal undoes it: messages between them are lost, executors go on.
// The master notices at once that the connection is gone, and gives the agent up after the agent timeout.
func (c *Core) Partition(now time.Time, name string) {
	c.onNode(now, name, func(n *node) {
		n.cut, n.registered = true, false
		if c.master != nil {
			c.master.agentDown(n.id)
		}
	})
}

// Heal: see Partition.
func (c *Core) Heal(now time.Time, name string) {
	c.onNode(now, name, func(n *node) {
		n.cut = false
		c.joinLater(n)
	})
}
