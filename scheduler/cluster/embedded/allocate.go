package embedded

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// take books resources of an agent for a framework; giveBack undoes it and has them offered at the next allocation.
func (m *master) take(a *agent, f *framework, name string, what bundle) {
	a.unused = a.unused.minus(what)
	f.hold(name, what, 1)
	m.setFree(a)
}

func (m *master) giveBack(a *agent, f *framework, name string, what bundle) {
	a.unused = a.unused.plus(what)
	f.hold(name, what, -1)
	m.setFree(a)
	m.markDirty(a)
}

func (f *framework) hold(name string, what bundle, sign int64) {
	r := f.role(name)
	if r == nil {
		return // a role the framework left
	}
	for _, x := range what {
		if x.kind == mesos.SCALAR {
			r.held[x.name] += sign * x.milli
		}
	}
}

// setFree keeps the list of agents that have something to offer.
func (m *master) setFree(a *agent) {
	want := a.connected && !a.unused.empty() && m.agents[a.id] == a
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

// markDirty has an agent looked at in the next allocation. Allocations happen at whole intervals since the master
// began, as Mesos's do, and only when there is something to look at.
func (m *master) markDirty(a *agent) {
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
	m.deadlines.set(at, func(time.Time) {
		m.allocating = false
		m.Allocate()
	})
}

// Allocate offers what became free since the last allocation.
func (m *master) Allocate() {
	due := m.dirty
	m.dirty = nil
	m.allocate(due)
}

// allocateNow offers what one agent has at once; allocateAll does so for every agent.
func (m *master) allocateNow(a *agent) { m.allocate([]*agent{a}) }
func (m *master) allocateAll()         { m.allocate(append([]*agent(nil), m.free...)) }

// allocate offers all unused resources of the given agents, within their limits: each agent's to one framework, the one that holds the
// smallest share of the cluster's scarcest resource among those that want it. The agents are taken in random order.
// One OFFERS event goes to each framework.
func (m *master) allocate(agents []*agent) {
	m.cfg.IDs.Shuffle(len(agents), func(i, j int) { agents[i], agents[j] = agents[j], agents[i] })
	made := map[*framework][]mesos.Offer{}
	for _, a := range agents {
		a.dirty = false
		if a.freeAt == 0 {
			continue
		}
		what := a.offerable()
		if what.empty() {
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
}

// choose finds the framework and role to offer an agent to: dominant-resource fairness, ties by age.
func (m *master) choose(a *agent, what bundle) (*framework, *role) {
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

// share is the role's dominant share of the whole cluster.
func (m *master) share(r *role) float64 {
	top := 0.0
	for name, held := range r.held {
		if all := m.total[name]; all > 0 {
			top = max(top, float64(held)/float64(all))
		}
	}
	return top
}

// suppress stops offers for roles (all when none is named); revive starts them again, forgets what was refused and
// allocates at once. A role the framework does not have voids the whole call.
func (m *master) suppress(f *framework, names []string) {
	for _, r := range f.named(names) {
		r.suppressed = true
	}
}

func (m *master) revive(f *framework, names []string) {
	roles := f.named(names)
	for _, r := range roles {
		r.suppressed = false
		clear(r.filters)
	}
	if len(roles) > 0 {
		m.allocateAll()
	}
}

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
