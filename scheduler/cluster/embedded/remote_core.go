package embedded

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/agent"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Refused tells an agent that a container was not taken where it was to run, for want of what others have: its tasks
// are dropped, as those of a stale offer are. Nothing more is said of it.
func (c *Core) Refused(now time.Time, name, container, why string) {
	c.onAgent(now, name, func(n *agent.Agent) { n.Refused(container, why) })
}

// Evicted tells an agent, before Exited, that a container ends because its place is wanted for something else: its
// tasks are killed as by the draining of an agent.
func (c *Core) Evicted(now time.Time, name, container, why string) {
	c.onAgent(now, name, func(n *agent.Agent) { n.Evicted(container, why) })
}

// Unfinished lists the tasks of a container that have not ended as far as its agent knows.
func (c *Core) Unfinished(now time.Time, name, container string) (tasks []protocol.TaskID) {
	c.onAgent(now, name, func(n *agent.Agent) { tasks = n.Unfinished(container) })
	return tasks
}

// Told gives an agent an update that an executor left behind.
func (c *Core) Told(now time.Time, name, container string, s mesos.TaskStatus) {
	c.onAgent(now, name, func(n *agent.Agent) { n.Told(container, s) })
}

// Frameworks is how many frameworks the master knows that it has not removed.
func (c *Core) Frameworks() int {
	if c.master == nil {
		return 0
	}
	return c.master.Frameworks()
}
