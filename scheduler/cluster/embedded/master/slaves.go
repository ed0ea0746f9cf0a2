package master

import (
	"fmt"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// AgentState is what Mesos's /slaves has of an agent, as far as it is looked for. Nothing here is reserved.
type AgentState struct {
	ID         string                     `json:"id"`
	PID        string                     `json:"pid"`
	Hostname   string                     `json:"hostname"`
	Active     bool                       `json:"active"`
	Attributes map[string]any             `json:"attributes"`
	Resources  map[string]any             `json:"resources"` // numbers, and ranges as a text
	Unreserved []ResourceState            `json:"unreserved_resources_full"`
	Reserved   map[string][]ResourceState `json:"reserved_resources_full"`
}

// ResourceState is a resource there.
type ResourceState struct {
	Name   string              `json:"name"`
	Type   string              `json:"type"`
	Scalar *mesos.Value_Scalar `json:"scalar,omitempty"`
	Ranges *mesos.Value_Ranges `json:"ranges,omitempty"`
	Role   string              `json:"role"`
}

// AgentState tells of an agent that Knows knows, which answers under the given pid.
func (m *Master) AgentState(id protocol.AgentID, pid string) AgentState {
	a := m.agents[id]
	s := AgentState{
		ID: string(id), PID: pid, Hostname: a.info.Hostname, Active: a.connected, Attributes: map[string]any{},
		Resources: map[string]any{"cpus": 0.0, "mem": 0.0, "disk": 0.0, "gpus": 0.0},
		Reserved:  map[string][]ResourceState{},
	}
	for i := range a.info.Attributes {
		if at := &a.info.Attributes[i]; at.Type == mesos.SCALAR {
			s.Attributes[at.Name] = at.GetScalar().GetValue()
		} else {
			s.Attributes[at.Name] = at.GetText().GetValue()
		}
	}
	for i := range a.info.Resources {
		r := &a.info.Resources[i]
		s.Unreserved = append(s.Unreserved, ResourceState{r.Name, r.GetType().String(), r.Scalar, r.Ranges, "*"})
		if r.Scalar != nil {
			s.Resources[r.Name] = r.Scalar.Value
			continue
		}
		var all []string
		for _, x := range r.GetRanges().GetRange() {
			all = append(all, fmt.Sprintf("%d-%d", x.Begin, x.End))
		}
		s.Resources[r.Name] = "[" + strings.Join(all, ", ") + "]"
	}
	return s
}
