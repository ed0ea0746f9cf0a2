package health

import (
	"strings"

	"github.com/kaon-sweep/kaon/offers"
)

// architectureNames are what Mesos attributes call the architectures that executors are built for.
var architectureNames = map[string]string{
	"amd64": "amd64", "x86_64": "amd64", "x86-64": "amd64", "x64": "amd64", "arm64": "arm64", "aarch64": "arm64",
}

// Architecture is what an agent's text attribute `arch` or `cpu_arch` says, as Go names it; empty when there is none,
// or when its value is no architecture that executors are ever built for: a cluster may use the name for something
// else.
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

// Incompatible is an agent that no executor is built for.
type Incompatible struct {
	Agent        offers.AgentID
	Host         string
	Architecture string // as its attributes name it; empty: an executor found out that it is another
}

// Observe takes in what an offer says of its agent, and tells of one that turns out incompatible.
func (t *Tracker) Observe(o *offers.Offer) (Incompatible, bool) {
	a := t.of(o.Agent, o.Hostname)
	a.draining = false
	if a.attributes = o.Attributes; len(t.cordons) > 0 {
		t.updateCordon(o.Agent, a)
	}
	a.arch = Architecture(o.Attributes)
	return t.updateArchitecture(o.Agent, a)
}

// ArchMismatch takes in that an executor found no binary for an agent.
func (t *Tracker) ArchMismatch(id offers.AgentID) (Incompatible, bool) {
	a := t.of(id, "")
	a.archMismatch = true
	return t.updateArchitecture(id, a)
}

// updateArchitecture keeps incompatible agents from getting work. What an agent says of itself stands above what was
// learned from an executor there: whoever runs the agent may have corrected it.
func (t *Tracker) updateArchitecture(id offers.AgentID, a *agent) (Incompatible, bool) {
	bad := t.unsupported(a.arch) || a.arch == "" && a.archMismatch
	was, known := t.Foreign[id]
	switch {
	case !bad && known:
		delete(t.Foreign, id)
	case bad && (!known || was != a.arch):
		t.Foreign[id] = a.arch
		return Incompatible{id, a.host, a.arch}, true
	}
	return Incompatible{}, false
}

// WithoutExecutor excludes an agent of an architecture that no executor is built for; empty: known only to be another.
func WithoutExecutor(arch string) offers.Exclusion {
	name := "architecture " + arch
	if arch == "" {
		name = "another architecture"
	}
	return offers.Exclusion{Name: arch, Reason: "of " + name + ", which no executor is built for"}
}

// Exclude is the agents that get nothing: those avoided for a time, until an operator lifts it those cordoned, and for
// good those without an executor.
func (t *Tracker) Exclude() map[offers.AgentID]offers.Exclusion {
	all := make(map[offers.AgentID]offers.Exclusion, len(t.Avoid)+len(t.Foreign))
	for id, until := range t.Avoid {
		all[id] = offers.Exclusion{Until: until}
	}
	for id := range t.Cordoned {
		all[id] = offers.Exclusion{Cordoned: true}
	}
	for id, arch := range t.Foreign {
		all[id] = WithoutExecutor(arch)
	}
	return all
}
