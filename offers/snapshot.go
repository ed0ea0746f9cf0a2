package offers

import (
	"slices"

	"github.com/hashicorp/go-memdb"
)

// Snapshot is the index at one moment. It never changes and may be read from any goroutine.
type Snapshot struct{ txn *memdb.Txn }

// Snapshot freezes the index as of the last completed change.
func (x *Index) Snapshot() Snapshot { return Snapshot{x.db.Txn(false)} }

// Agents lists every known agent in order of first appearance.
func (s Snapshot) Agents() []*Agent {
	return slices.Collect(agents(s.txn))
}

// Holding is what one agent offers to one role at the moment of a snapshot.
type Holding struct {
	Agent  AgentID
	Role   string
	Offers []Offer // not to be changed
	Free   Quantities
}

// Holdings lists what agents offer, least cpus first, then least memory.
func (s Snapshot) Holdings() []Holding {
	var list []Holding
	for row := range rows(s.txn, binTable) {
		b := row.(*bin)
		list = append(list, Holding{Agent: b.agent, Role: b.role, Offers: b.offers, Free: b.free})
	}
	return list
}

// Agents lists every known agent in order of first appearance.
func (x *Index) Agents() []*Agent { return x.Snapshot().Agents() }
