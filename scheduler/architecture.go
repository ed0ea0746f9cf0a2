package scheduler

import (
	"strings"

	"github.com/kaon-sweep/kaon/offers"
)

// architectureNames are what Mesos attributes call the architectures that executors are built for.
var architectureNames = map[string]string{
	"amd64": "amd64", "x86_64": "amd64", "x86-64": "amd64", "x64": "amd64", "arm64": "arm64", "aarch64": "arm64",
}

// Architecture is what an agent's text attribute `arch` or `cpu_arch` says, as Go names it; empty when there is none, or
// when its value is no architecture that executors are ever built for: a cluster may use the name for something else.
func Architecture(attributes []offers.Attribute) string {
	for _, name := range []string{"arch", "cpu_arch"} {
		for i := range attributes {
			if a := &attributes[i]; a.Name == name && a.Set == nil {
				if arch := architectureNames[strings.ToLower(a.Value)]; arch != "" {
					return arch
				}
			}
		}
	}
	return ""
}

// meet takes in what an offer says of its agent.
func (c *Core) meet(o *offers.Offer) {
	a := c.agentOf(o.Agent, o.Hostname)
	a.drains = false
	a.arch = Architecture(o.Attributes)
	c.judgeArchitecture(o.Agent, a)
}

// judgeArchitecture keeps foreign agents from getting work. What an agent says of itself stands above what was learned
// from an executor there: whoever runs the agent may have corrected it.
func (c *Core) judgeArchitecture(id offers.AgentID, a *agent) {
	foreign := c.cfg.Executor.unsupported(a.arch) || a.arch == "" && a.archMismatch
	was, known := c.guard.foreign[id]
	switch {
	case !foreign && known:
		delete(c.guard.foreign, id)
	case foreign && (!known || was != a.arch):
		c.guard.foreign[id] = a.arch
		c.note(AgentIncompatible{Agent: id, Host: a.host, Architecture: a.arch})
	}
}
