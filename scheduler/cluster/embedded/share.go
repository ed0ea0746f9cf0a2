package embedded

import (
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Share is an amount of what programs on one machine contend for: what of an agent may be offered, or what of it is in use.
type Share struct {
	CPUs     float64
	MemoryMB float64
	GPUs     []string // ids of its devices
}

// equal compares what counts: the agent takes no notice of the order of its devices.
func (s Share) equal(o Share) bool {
	sorted := func(ids []string) []string { return slices.Sorted(slices.Values(ids)) }
	return milli(s.CPUs) == milli(o.CPUs) && milli(s.MemoryMB) == milli(o.MemoryMB) && slices.Equal(sorted(s.GPUs), sorted(o.GPUs))
}

// limit is how much of an agent's scalars may be used at most; nil: all.
type limit map[string]int64

func (s *Share) limit() limit {
	if s == nil {
		return nil
	}
	return limit{"cpus": milli(s.CPUs), "mem": milli(s.MemoryMB), "gpus": int64(len(s.GPUs)) * 1000}
}

// offerable is what an agent may offer: what is unused, within its limit.
func (a *agent) offerable() bundle {
	out := a.unused.clone()
	for name, most := range a.limit {
		if i := out.find(name); i >= 0 {
			total := a.total[a.total.find(name)].milli
			used := total - out[i].milli
			out[i].milli = max(0, min(out[i].milli, most-used))
		}
	}
	return out
}

// inUse is what tasks and executors hold of an agent: neither unused nor offered.
func (a *agent) inUse() map[string]int64 {
	used := map[string]int64{}
	for _, x := range a.total {
		if x.kind == mesos.SCALAR {
			used[x.name] = x.milli
		}
	}
	less := func(b bundle) {
		for _, x := range b {
			if x.kind == mesos.SCALAR {
				used[x.name] -= x.milli
			}
		}
	}
	less(a.unused)
	for _, o := range a.offers {
		less(o.resources)
	}
	return used
}

// InUse returns the cpus and memory that tasks and executors hold of an agent; known is false when the agent is not there.
func (m *master) InUse(id AgentID) (used Share, known bool) {
	a := m.agents[id]
	if a == nil {
		return Share{}, false
	}
	held := a.inUse()
	return Share{CPUs: float64(held["cpus"]) / 1000, MemoryMB: float64(held["mem"]) / 1000}, true
}

// Confine limits what an agent offers. Its offers are rescinded: they may hold more.
func (m *master) Confine(id AgentID, s Share) {
	a := m.agents[id]
	if a == nil {
		return
	}
	a.limit = s.limit()
	for _, o := range a.sortedOffers() {
		m.rescind(o)
	}
	m.setFree(a)
	m.markDirty(a)
}

// Share limits what an agent offers to what choose answers, given what is in use of it; nothing else happens in between.
// What is in use beyond the limit stays so until it ends. The limit is the agent's until the next call or the master's end.
// It reports whether the master knows the agent: one that is not there is asked nothing.
func (c *Core) Share(now time.Time, agent string, choose func(used Share) Share) (known bool) {
	c.do(now, func() {
		a := c.agents[agent]
		if a == nil || c.master == nil {
			return
		}
		var used Share
		if used, known = c.master.InUse(a.pure.ID()); !known {
			return
		}
		used.GPUs = a.pure.DevicesInUse()
		if s := choose(used); a.pure.SetShare(s) {
			c.master.Confine(a.pure.ID(), s)
		}
	})
	return known
}

// Share limits what a local agent offers, as Core.Share does.
func (s *Server) Share(agent string, choose func(used Share) Share) (known bool) {
	s.with(func(c *Core, now time.Time) { known = c.Share(now, agent, choose) })
	return known
}
