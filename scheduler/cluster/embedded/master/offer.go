package master

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/allocator"
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
		AllocationInfo: &mesos.Resource_AllocationInfo{Role: &role}, Unavailability: a.unavailable,
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

// discardOffers removes all offers of a framework, inverse ones too, whose scheduler is gone and is not told.
func (m *Master) discardOffers(f *framework) {
	m.discardInverse(f)
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
	wait := refusal(given)
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

// refusal is for how long filters refuse.
func refusal(given *mesos.Filters) time.Duration {
	if given != nil && given.RefuseSeconds != nil && *given.RefuseSeconds >= 0 {
		return protocol.Seconds(*given.RefuseSeconds, 365*24*time.Hour)
	}
	return 5 * time.Second
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

// inverseOffer asks a framework for all that it has on an agent that is to be away. There is one at most of each agent
// and framework until it is answered.
type inverseOffer struct {
	id        string
	framework *framework
	agent     *agentRecord
}

// askBack sends inverse offers of agents that are to be away to who has something there and was not asked, or has
// answered and does not want to be asked yet. One event carries all of a framework.
func (m *Master) askBack(agents []*agentRecord) {
	made := map[*framework][]mesos.InverseOffer{}
	for _, a := range agents {
		if a.unavailable == nil || !a.connected || m.agents[a.id] != a {
			continue
		}
		for _, f := range m.order {
			if f.stream == "" || !m.holds(f, a) || a.inverse[f] != nil || m.now.Before(f.inverseUntil[a.id]) {
				continue
			}
			made[f] = append(made[f], m.newInverseOffer(f, a))
		}
	}
	for _, f := range m.order {
		if list := made[f]; len(list) > 0 {
			m.send(f, &scheduler.Event{Type: scheduler.Event_INVERSE_OFFERS,
				InverseOffers: &scheduler.Event_InverseOffers{InverseOffers: list}})
		}
	}
}

// holds tells whether a framework has something on an agent, used or offered.
func (m *Master) holds(f *framework, a *agentRecord) bool {
	if f.uses[a] > 0 {
		return true
	}
	for _, o := range a.offers {
		if o.framework == f {
			return true
		}
	}
	return false
}

func (m *Master) newInverseOffer(f *framework, a *agentRecord) mesos.InverseOffer {
	o := &inverseOffer{id: fmt.Sprintf("%s-O%d", m.id, m.nextOffer), framework: f, agent: a}
	m.nextOffer++
	m.inverse[o.id] = o
	if a.inverse == nil {
		a.inverse = map[*framework]*inverseOffer{}
	}
	a.inverse[f] = o
	if t := m.cfg.Timing.OfferTimeout; t > 0 {
		m.deadlines.Set(m.now.Add(t), func(time.Time) {
			if m.inverse[o.id] == o {
				m.removeInverse(o, true)
				m.markDirty(a)
			}
		})
	}
	return mesos.InverseOffer{
		OfferID: mesos.OfferID{Value: o.id}, FrameworkID: mesos.FrameworkID{Value: string(f.id)},
		AgentID: &mesos.AgentID{Value: string(a.id)}, URL: a.url, Unavailability: *a.unavailable,
	}
}

// removeInverse forgets an inverse offer; its framework is told so when it has not answered it.
func (m *Master) removeInverse(o *inverseOffer, rescind bool) {
	delete(m.inverse, o.id)
	delete(o.agent.inverse, o.framework)
	if rescind {
		m.send(o.framework, &scheduler.Event{Type: scheduler.Event_RESCIND_INVERSE_OFFER,
			RescindInverseOffer: &scheduler.Event_RescindInverseOffer{InverseOfferID: mesos.OfferID{Value: o.id}}})
	}
}

// rescindInverse takes back the inverse offers of an agent.
func (m *Master) rescindInverse(a *agentRecord) {
	for _, f := range m.order {
		if o := a.inverse[f]; o != nil {
			m.removeInverse(o, true)
		}
	}
}

// discardInverse forgets the inverse offers of a framework, whose scheduler is gone and is not told.
func (m *Master) discardInverse(f *framework) {
	for _, o := range m.inverse {
		if o.framework == f {
			m.removeInverse(o, false)
		}
	}
}

// answerInverse handles ACCEPT_INVERSE_OFFERS and DECLINE_INVERSE_OFFERS: the answer is kept for the operator, and the
// framework is asked again after refuse_seconds. Ids that are void are passed over.
func (m *Master) answerInverse(
	f *framework, ids []mesos.OfferID, given *mesos.Filters, status allocator.InverseOfferStatus_Status,
) {
	for _, id := range ids {
		o := m.inverse[id.Value]
		if o == nil || o.framework != f {
			continue
		}
		a := o.agent
		m.removeInverse(o, false)
		a.statuses = slices.DeleteFunc(a.statuses, func(s allocator.InverseOfferStatus) bool {
			return s.FrameworkID.Value == string(f.id)
		})
		a.statuses = append(a.statuses, allocator.InverseOfferStatus{
			Status: &status, FrameworkID: mesos.FrameworkID{Value: string(f.id)},
			Timestamp: mesos.TimeInfo{Nanoseconds: m.now.UnixNano()},
		})
		wait := refusal(given)
		if wait == 0 {
			m.markDirty(a)
			continue
		}
		until := m.now.Add(wait)
		f.inverseUntil[a.id] = until
		m.deadlines.Set(until, func(time.Time) {
			if f.inverseUntil[a.id].Equal(until) {
				delete(f.inverseUntil, a.id)
				if m.agents[a.id] == a {
					m.markDirty(a)
				}
			}
		})
	}
}
