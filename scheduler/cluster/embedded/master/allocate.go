package master

import (
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// take allocates resources of an agent to a framework's role.
func (m *Master) take(a *agentRecord, f *framework, name string, what protocol.Resources) {
	a.unused = a.unused.Minus(what)
	f.hold(name, what, 1)
	m.setFree(a)
}

// giveBack returns resources to the allocator, which offers them in its next run.
func (m *Master) giveBack(a *agentRecord, f *framework, name string, what protocol.Resources) {
	a.unused = a.unused.Plus(what)
	f.hold(name, what, -1)
	m.setFree(a)
	m.markDirty(a)
}

// hold adds to what a role holds, offered or used, of which its dominant share is made.
func (f *framework) hold(name string, what protocol.Resources, sign int64) {
	r := f.role(name)
	if r == nil {
		return // a role the framework left
	}
	for _, x := range what {
		if x.Kind == mesos.SCALAR {
			r.held[x.Name] += sign * x.Milli
		}
	}
}

// setFree keeps the set of agents with unused resources. It is a slice with the index in the record, so that
// adding and removing take constant time and iteration has an order that depends on inputs alone, as that of
// a map would not.
func (m *Master) setFree(a *agentRecord) {
	want := a.connected && !a.unused.Empty() && m.agents[a.id] == a
	switch {
	case want && a.freeAt == 0:
		m.free = append(m.free, a)
		a.freeAt = len(m.free)
	case !want && a.freeAt > 0:
		last := len(m.free) - 1
		m.free[a.freeAt-1] = m.free[last]
		m.free[a.freeAt-1].freeAt = a.freeAt
		m.free[last] = nil
		m.free = m.free[:last]
		a.freeAt = 0
	}
}

// markDirty has an agent considered in the next allocation. Allocations happen at whole intervals since the
// master started, as those of Mesos's timer do, but only when something became free: a cluster at rest costs
// nothing.
func (m *Master) markDirty(a *agentRecord) {
	if !a.dirty {
		a.dirty = true
		m.dirty = append(m.dirty, a)
	}
	every := m.cfg.Timing.AllocationInterval
	if m.allocating || every < 0 {
		return
	}
	m.allocating = true
	at := m.from.Add((m.now.Sub(m.from)/every + 1) * every)
	m.deadlines.Set(at, func(time.Time) {
		m.allocating = false
		m.Allocate()
	})
}

// Allocate offers what became free since the last allocation, without waiting for the next.
func (m *Master) Allocate() {
	due := m.dirty
	m.dirty = nil
	m.allocate(due)
}

// allocateNow offers an agent's resources at once; allocateAll does so for every agent that has some.
func (m *Master) allocateNow(a *agentRecord) { m.allocate([]*agentRecord{a}) }
func (m *Master) allocateAll()               { m.allocate(slices.Clone(m.free)) }

// allocate offers all unused resources of the given agents, within their limits. Each agent goes to one
// framework as a whole (coarse-grained offers): that with the smallest dominant share among those that do not
// filter it. The agents are shuffled, as in Mesos, so that no framework always gets the first ones; the seed
// decides the order. One OFFERS event carries all offers of a framework.
func (m *Master) allocate(agents []*agentRecord) {
	m.cfg.IDs.Shuffle(len(agents), func(i, j int) { agents[i], agents[j] = agents[j], agents[i] })
	made := map[*framework][]mesos.Offer{}
	for _, a := range agents {
		a.dirty = false
		if a.freeAt == 0 {
			continue
		}
		what := a.offerable()
		if what.Empty() {
			continue
		}
		if f, r := m.choose(a, what); f != nil {
			made[f] = append(made[f], m.newOffer(f, r, a, what))
		}
	}
	for _, f := range m.order {
		if offers := made[f]; len(offers) > 0 {
			m.send(f, &scheduler.Event{Type: scheduler.Event_OFFERS, Offers: &scheduler.Event_Offers{Offers: offers}})
		}
	}
	m.askBack(agents)
}

// choose finds the framework and role to offer an agent to by dominant resource fairness (Ghodsi et al., NSDI
// 2011): the role with the smallest dominant share; ties go to the framework that subscribed first. Agents
// with GPUs are offered to GPU-capable frameworks only, so that others do not fill them with tasks that need
// none.
func (m *Master) choose(a *agentRecord, what protocol.Resources) (*framework, *role) {
	var best *framework
	var bestRole *role
	share := 0.0
	for _, f := range m.order {
		if f.stream == "" || a.gpus && !f.gpus {
			continue
		}
		for _, r := range f.roles {
			if r.suppressed || r.refuses(a, what, m.now) {
				continue
			}
			if s := m.share(r); best == nil || s < share {
				best, bestRole, share = f, r, s
			}
		}
	}
	return best, bestRole
}

// share is a role's dominant share: the largest fraction that it holds of any scalar resource of the cluster.
func (m *Master) share(r *role) float64 {
	top := 0.0
	for name, held := range r.held {
		if all := m.total[name]; all > 0 {
			top = max(top, float64(held)/float64(all))
		}
	}
	return top
}

// suppress stops offers for the named roles, all when none is named. A role that the framework does not have
// voids the whole call, as in Mesos.
func (m *Master) suppress(f *framework, names []string) {
	for _, r := range f.named(names) {
		r.suppressed = true
	}
}

// revive resumes offers for the named roles, all when none is named, drops their filters, and allocates at
// once: a scheduler revives because it has work now.
func (m *Master) revive(f *framework, names []string) {
	roles := f.named(names)
	for _, r := range roles {
		r.suppressed = false
		clear(r.filters)
	}
	for id := range f.inverseUntil {
		if a := m.agents[id]; a != nil {
			m.markDirty(a)
		}
	}
	clear(f.inverseUntil)
	if len(roles) > 0 {
		m.allocateAll()
	}
}

// named returns the roles of these names; none when the framework does not have one of them.
func (f *framework) named(names []string) []*role {
	if len(names) == 0 {
		return f.roles
	}
	var out []*role
	for _, n := range names {
		r := f.role(n)
		if r == nil {
			return nil
		}
		out = append(out, r)
	}
	return out
}
