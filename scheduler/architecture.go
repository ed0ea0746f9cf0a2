package scheduler

import (
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// Build is the executor for one architecture.
type Build struct {
	Argv []string
	URIs []cluster.URI
}

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

// on is how the executor is started on agents of an architecture. Those that do not name theirs, and all when there is
// one way only, are of the architecture "".
func (t *ExecutorTemplate) on(arch string) Build {
	if b, named := t.Builds[arch]; named {
		return b
	}
	return Build{t.Argv, t.URIs}
}

// variant is the key of the way in which the executor is started on agents of an architecture.
func (t *ExecutorTemplate) variant(arch string) string {
	if _, named := t.Builds[arch]; named {
		return arch
	}
	return ""
}

// lacks reports whether the executor is not built for an architecture.
func (t *ExecutorTemplate) lacks(arch string) bool {
	return arch != "" && len(t.Builds) > 0 && t.variant(arch) == ""
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
	foreign := c.cfg.Executor.lacks(a.arch) || a.arch == "" && a.alien
	was, known := c.guard.foreign[id]
	switch {
	case !foreign && known:
		delete(c.guard.foreign, id)
	case foreign && (!known || was != a.arch):
		c.guard.foreign[id] = a.arch
		c.note(Foreign{Agent: id, Host: a.host, Architecture: a.arch})
	}
}

// premature reads why an executor ended before it was one. Its attempts end by updates of their own, which come after.
func (c *Core) premature(ev cluster.ExecutorGone) {
	code := ev.Wait >> 8 & 0xff
	a := c.agentOf(ev.Agent, "")
	for att := c.live.first; att != nil; att = att.next {
		if att.agent == ev.Agent && att.executor == ev.Executor {
			att.wait = ev.Wait
		}
	}
	switch {
	case ev.Wait&0x7f != 0, code != cluster.ExitWrongArch && code != cluster.ExitWrongBinary && code != cluster.ExitAgentUnreachable:
		return // ended by a signal, or as executors end
	case code == cluster.ExitWrongArch && a.arch != "":
		return // nobody asked it what the agent's attributes tell
	}
	for att := c.live.first; att != nil; att = att.next {
		if att.agent == ev.Agent && att.executor == ev.Executor {
			att.unfit = code
		}
	}
	if code == cluster.ExitWrongArch {
		a.alien = true
		c.judgeArchitecture(ev.Agent, a)
	}
}

// judgeUnfit is the verdict on an attempt whose executor could not be one. To have met a foreign agent costs the trial
// nothing: there may be any number of them, and each is met only once.
func judgeUnfit(att *attempt) verdict {
	if att.unfit == cluster.ExitWrongArch {
		return verdict{kind: lost, free: true, reason: fmt.Sprintf("agent %s is of an architecture that no executor is built for", att.where())}
	}
	if att.unfit == cluster.ExitAgentUnreachable {
		return verdict{kind: lost, reason: fmt.Sprintf("its executor cannot reach agent %s at the address that the agent gave it: look at the agent's --ip and "+
			"--hostname, the network of containers and firewalls; the attempt's stderr there has the address", att.where())}
	}
	return verdict{kind: lost, reason: fmt.Sprintf("the executor that agent %s fetched is not the one that was served: "+
		"it was cut short or mixed up on the way; the attempt's stderr there has both checksums", att.where())}
}
