package embedded

import (
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Share limits what an agent offers to what choose answers, given what is in use of it; nothing else happens
// in between. What is in use beyond the limit stays so until it ends. The limit is the agent's until the next
// call or the master's end. It reports whether the master knows the agent: one that is not there is asked
// nothing.
func (c *Core) Share(now time.Time, agent string,
	choose func(used protocol.Share) protocol.Share) (known bool) {
	c.do(now, func() {
		a := c.agents[agent]
		if a == nil || c.master == nil {
			return
		}
		var used protocol.Share
		if used, known = c.master.InUse(a.agent.ID()); !known {
			return
		}
		used.GPUs = a.agent.DevicesInUse()
		if s := choose(used); a.agent.SetShare(s) {
			c.master.Confine(a.agent.ID(), s)
		}
	})
	return known
}

// Share limits what a local agent offers, as Core.Share does.
func (s *Server) Share(agent string, choose func(used protocol.Share) protocol.Share) (known bool) {
	s.do(func(c *Core, now time.Time) { known = c.Share(now, agent, choose) })
	return known
}
