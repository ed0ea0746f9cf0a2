package master

import (
	"slices"
	"strconv"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// offer is resources of one agent that are held for one role of a framework until it answers, or until they
// are rescinded.
type offer struct {
	id        string
	seq       int
	framework *framework
	agent     *agentRecord
	role      *role
	resources protocol.Resources
}

func sortOffers(os []*offer) { slices.SortFunc(os, func(a, b *offer) int { return a.seq - b.seq }) }

// newOffer holds resources of an agent for a framework's role and returns the offer to send. It names the
// executors that the framework has on the agent. Frameworks of one role get no allocation info, as they did
// before Mesos 1.3.
func (m *Master) newOffer(f *framework, r *role, a *agentRecord, resources protocol.Resources) mesos.Offer {
	o := &offer{id: m.id + "-O" + strconv.Itoa(m.nextOffer), seq: m.nextOffer, framework: f, agent: a, role: r,
		resources: resources}
	m.nextOffer++
	m.offers[o.id], f.offers[o.id], a.offers[o.id] = o, o, o
	m.take(a, f, r.name, resources)
	if t := m.cfg.Timing.OfferTimeout; t > 0 {
		m.deadlines.Set(m.now.Add(t), func(time.Time) {
			if m.offers[o.id] == o {
				m.rescind(o)
			}
		})
	}
	role := r.name
	out := mesos.Offer{
		ID: mesos.OfferID{Value: o.id}, FrameworkID: mesos.FrameworkID{Value: string(f.id)},
		AgentID:  mesos.AgentID{Value: string(a.id)},
		Hostname: a.info.Hostname, URL: a.url, Resources: resources.Offered(role), Attributes: a.info.Attributes,
		AllocationInfo: &mesos.Resource_AllocationInfo{Role: &role},
	}
	if !f.multiRole { // who knows one role only is not told of it
		out.AllocationInfo = nil
		for i := range out.Resources {
			out.Resources[i].AllocationInfo = nil
		}
	}
	for _, e := range a.executorsOf(f) {
		out.ExecutorIDs = append(out.ExecutorIDs, e.info.ExecutorID)
	}
	return out
}

// removeOffer forgets an offer and returns its resources to the allocator. Its id never works again.
func (m *Master) removeOffer(o *offer) {
	delete(m.offers, o.id)
	delete(o.framework.offers, o.id)
	delete(o.agent.offers, o.id)
	m.giveBack(o.agent, o.framework, o.role.name, o.resources)
}

// rescind removes an offer and tells the framework so, which may have it in a call that is on its way: that
// call is then answered as one with an invalid offer.
func (m *Master) rescind(o *offer) {
	m.removeOffer(o)
	m.send(o.framework, &scheduler.Event{Type: scheduler.Event_RESCIND,
		Rescind: &scheduler.Event_Rescind{OfferID: mesos.OfferID{Value: o.id}}})
}

// discardOffers removes all offers of a framework, whose scheduler is gone and is not told.
func (m *Master) discardOffers(f *framework) {
	offers := make([]*offer, 0, len(f.offers))
	for _, o := range f.offers {
		offers = append(offers, o)
	}
	sortOffers(offers)
	for _, o := range offers {
		m.removeOffer(o)
	}
}

// decline handles DECLINE: offers return, filtered for a while.
func (m *Master) decline(f *framework, call *scheduler.Call_Decline) {
	for _, id := range call.OfferIDs {
		o := m.offers[id.Value]
		if o == nil || o.framework != f {
			continue
		}
		m.removeOffer(o)
		m.addFilter(f, o.role, o.agent, o.resources, call.Filters)
	}
}

// addFilter refuses offers of an agent that hold no more than what, for refuse_seconds: 5 when absent, at
// most a year; 0 filters nothing. A filter lasts at least until the next allocation, else that one would
// offer the same again.
func (m *Master) addFilter(f *framework, r *role, a *agentRecord, what protocol.Resources,
	given *mesos.Filters) {
	wait := 5 * time.Second
	if given != nil && given.RefuseSeconds != nil && *given.RefuseSeconds >= 0 {
		wait = protocol.Seconds(*given.RefuseSeconds, 365*24*time.Hour)
	}
	if wait == 0 || what.Empty() {
		return
	}
	wait = max(wait, m.cfg.Timing.AllocationInterval)
	fs := r.filters[a.id]
	if fs == nil {
		fs = &filters{}
		r.filters[a.id] = fs
	}
	fs.add(filter{what, m.now.Add(wait)})
	m.armFilter(f, r, a.id, fs)
}

// add adds a filter and drops those that refuse nothing beyond it. A scheduler that launches a task at a time
// leaves a filter with every ACCEPT, and each allocation compares with all of them.
func (fs *filters) add(x filter) {
	fs.refused = slices.DeleteFunc(fs.refused, func(old filter) bool {
		return !old.until.After(x.until) &&
			x.what.Contains(old.what)
	})
	fs.refused = append(fs.refused, x)
}

// armFilter sets one deadline for the earliest expiry of an agent's filters, so that a stream of refusals
// leaves one deadline for each agent, not one for each refusal. Expired filters make the agent be considered
// again.
func (m *Master) armFilter(f *framework, r *role, id protocol.AgentID, fs *filters) {
	first := fs.refused[0].until
	for _, x := range fs.refused[1:] {
		if x.until.Before(first) {
			first = x.until
		}
	}
	if !fs.armed.IsZero() && !first.Before(fs.armed) {
		return
	}
	fs.armed = first
	m.deadlines.Set(first, func(now time.Time) {
		if r.filters[id] != fs || fs.armed != first {
			return
		}
		fs.armed = time.Time{}
		fs.refused = slices.DeleteFunc(fs.refused, func(x filter) bool { return !x.until.After(now) })
		if len(fs.refused) == 0 {
			delete(r.filters, id)
		} else {
			m.armFilter(f, r, id, fs)
		}
		if a := m.agents[id]; a != nil {
			m.markDirty(a)
		}
	})
}

// refuses tells whether a filter of the role holds back this offer now.
func (r *role) refuses(a *agentRecord, what protocol.Resources, now time.Time) bool {
	fs := r.filters[a.id]
	if fs == nil {
		return false
	}
	for _, x := range fs.refused {
		if x.until.After(now) && x.what.Contains(what) {
			return true
		}
	}
	return false
}
