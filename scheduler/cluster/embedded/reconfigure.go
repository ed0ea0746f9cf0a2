package embedded

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Reconfigure tells an agent what it has by now: more of a resource, another one, devices, other attributes. Of what it
// has less of it keeps what it had, which tasks may hold; Share says what of it may be offered.
func (c *Core) Reconfigure(
	now time.Time, agent string, resources []mesos.Resource, gpus []string, attributes []mesos.Attribute,
) {
	c.do(now, func() {
		a := c.agents[agent]
		if a == nil {
			return
		}
		a.spec.Resources = protocol.Grown(a.spec.Resources, resources)
		a.spec.GPUs, a.spec.Attributes = gpus, attributes
		a.agent.Reconfigure(a.spec.Resources, gpus, attributes)
		if c.master != nil {
			c.master.Reconfigure(a.agent.ID(), a.spec.Resources, attributes)
		}
	})
}

// Reconfigure tells the agent what it has by now, as Core.Reconfigure does.
func (r *Remote) Reconfigure(resources []mesos.Resource, gpus []string, attributes []mesos.Attribute) {
	r.server.do(func(c *Core, now time.Time) { c.Reconfigure(now, r.name, resources, gpus, attributes) })
}
