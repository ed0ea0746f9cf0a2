package offers

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// bin is what one agent offers to one role: all its offers for that role, merged, since one ACCEPT may join
// them. A row of the index.
type bin struct {
	agent  AgentID
	number uint32 // of the agent
	role   string
	offers []Offer            // in order of arrival
	since  []time.Time        // when each arrived
	free   resource.Resources // usable amounts of all offers
	key    []byte
}

// newBin merges offers of one agent and role.
func newBin(agent *Agent, role string, list []Offer) *bin {
	b := &bin{agent: agent.ID, number: agent.number, role: role, offers: list, free: sum(list)}
	b.key = binKey(b.free.CPUs, b.free.Mem, b.number, role)
	return b
}

// binKey orders bins by free cpus, then free memory, then the agent's first appearance, then role: equal
// agents are neighbours, and the last row has the most cpus.
func binKey(cpus, mem resource.Milli, number uint32, role string) []byte {
	key := make([]byte, 0, 20+len(role))
	key = binary.BigEndian.AppendUint64(key, uint64(cpus))
	key = binary.BigEndian.AppendUint64(key, uint64(mem))
	key = binary.BigEndian.AppendUint32(key, number)
	return append(key, role...)
}

// with is the bin after one more offer.
func (b *bin) with(agent *Agent, o Offer) *bin {
	return newBin(agent, b.role, append(slices.Clip(b.offers), o))
}

// without is the bin after one offer is gone; nil when none is left.
func (b *bin) without(agent *Agent, id OfferID) *bin {
	i := slices.IndexFunc(b.offers, func(o Offer) bool { return o.ID == id })
	if i < 0 {
		return b
	}
	if len(b.offers) == 1 {
		return nil
	}
	return newBin(agent, b.role, slices.Delete(slices.Clone(b.offers), i, i+1))
}
