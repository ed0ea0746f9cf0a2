package master

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Reconfigure takes what an agent has by now, which is at least what it had. Its offers are rescinded: they tell of it
// as it was.
func (m *Master) Reconfigure(id protocol.AgentID, resources []mesos.Resource, attributes []mesos.Attribute) {
	a := m.agents[id]
	if a == nil {
		return
	}
	more := a.total.Lacks(protocol.ParseResources(resources))
	a.total, a.unused = a.total.Plus(more), a.unused.Plus(more)
	m.count(more, 1)
	a.info.Resources, a.info.Attributes = resources, attributes
	if i := a.total.Find("gpus"); i >= 0 && a.total[i].Milli > 0 {
		a.gpus = true
	}
	for _, o := range a.sortedOffers() {
		m.rescind(o)
	}
	m.setFree(a)
	m.markDirty(a)
}
