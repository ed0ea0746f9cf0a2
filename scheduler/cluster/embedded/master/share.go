package master

import "github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"

// InUse returns the cpus and memory that tasks and executors hold of an agent; known is false when the agent
// is not there.
func (m *Master) InUse(id protocol.AgentID) (used protocol.Share, known bool) {
	a := m.agents[id]
	if a == nil {
		return protocol.Share{}, false
	}
	held := a.inUse()
	return protocol.Share{CPUs: float64(held["cpus"]) / 1000, MemoryMB: float64(held["mem"]) / 1000}, true
}

// Confine limits what an agent offers. Its offers are rescinded: they may hold more.
func (m *Master) Confine(id protocol.AgentID, s protocol.Share) {
	a := m.agents[id]
	if a == nil {
		return
	}
	a.limit = s.Limit()
	for _, o := range a.sortedOffers() {
		m.rescind(o)
	}
	m.setFree(a)
	m.markDirty(a)
}
