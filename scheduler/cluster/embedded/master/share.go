package master

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

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

// offerable is what an agent may offer: its unused resources, as far as offered and used ones leave room
// within its limit.
func (a *agentRecord) offerable() protocol.Resources {
	out := a.unused.Clone()
	for i := range out {
		x := &out[i]
		most, bounded := a.limit.Of(x.Name)
		if !bounded {
			continue
		}
		total := int64(0)
		if at := a.total.Find(x.Name); at >= 0 { // else it came back without it, and with tasks that held it
			total = a.total[at].Milli
		}
		x.Milli = max(0, min(total, x.Milli, most-(total-x.Milli)))
	}
	return out
}

// inUse is what tasks and executors hold of an agent: neither unused nor offered.
func (a *agentRecord) inUse() map[string]int64 {
	used := map[string]int64{}
	for _, x := range a.total {
		if x.Kind == mesos.SCALAR {
			used[x.Name] = x.Milli
		}
	}
	less := func(b protocol.Resources) {
		for _, x := range b {
			if x.Kind == mesos.SCALAR {
				used[x.Name] -= x.Milli
			}
		}
	}
	less(a.unused)
	for _, o := range a.offers {
		less(o.resources)
	}
	return used
}
