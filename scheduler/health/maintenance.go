package health

import (
	"time"

	"github.com/kaon-sweep/kaon/offers"
)

// Plan takes in when an agent is to be away, as of now, and tells whether that is new.
func (t *Tracker) Plan(id offers.AgentID, host string, u offers.Unavailability) (changed bool) {
	t.of(id, host)
	delete(t.plans.doubted, id)
	if t.Leaves[id] == u {
		return false
	}
	if t.Leaves[id] = u; u.Start.IsZero() {
		delete(t.Leaves, id)
	}
	delete(t.plans.answered, id)
	return true
}

// ForgetPlans forgets who is to be away, and what was asked: a master says all of it anew to who subscribes.
func (t *Tracker) ForgetPlans() {
	clear(t.Leaves)
	clear(t.plans.asked)
	clear(t.plans.answered)
	clear(t.plans.doubted)
}

// Asked takes in an inverse offer, and reports whether it is to be answered. A second one of the same plan is not: the
// master takes it back when the plan changes, and there is no other way to hear of that while all of an agent is in
// use.
func (t *Tracker) Asked(offer offers.OfferID, id offers.AgentID) (answer bool) {
	if u := t.Leaves[id]; t.plans.answered[id] != u {
		t.plans.answered[id] = u
		return true
	}
	t.plans.asked[offer] = id
	return false
}

// AskedNoMore takes in that an inverse offer is void. When it waited for an answer, the plan is in doubt: another
// inverse offer or an offer says soon that it stands, as when the master had waited for long enough, or else nothing
// does, as when it was called off.
func (t *Tracker) AskedNoMore(offer offers.OfferID, now time.Time) (id offers.AgentID, doubt bool) {
	if id, doubt = t.plans.asked[offer]; doubt {
		delete(t.plans.asked, offer)
		delete(t.plans.answered, id)
		t.plans.doubted[id] = now
	}
	return id, doubt
}

// CallOff forgets a plan that is in doubt since a time, and reports whether it is.
func (t *Tracker) CallOff(id offers.AgentID, since time.Time) bool {
	at, doubted := t.plans.doubted[id]
	return doubted && at.Equal(since) && t.Plan(id, "", offers.Unavailability{})
}

// Away is the agents that are away, or will be; nil: there are none. The map is the caller's.
func (t *Tracker) Away(now time.Time) (away map[offers.AgentID]offers.Unavailability) {
	for id, u := range t.Leaves {
		if u.Planned(now) {
			if away == nil {
				away = make(map[offers.AgentID]offers.Unavailability, len(t.Leaves))
			}
			away[id] = u
		}
	}
	return away
}

// Unusable is the agents that get nothing now, whatever it is: those of Exclude, and those that are away.
func (t *Tracker) Unusable(now time.Time) map[offers.AgentID]offers.Exclusion {
	all := t.Exclude()
	for id, u := range t.Leaves {
		if _, known := all[id]; u.Began(now) && !known {
			all[id] = offers.Exclusion{Until: u.End}
		}
	}
	return all
}
