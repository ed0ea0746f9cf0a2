package offers

import (
	"errors"
	"fmt"
)

// ErrIndex is what Check reports when derived structures and tables disagree: a defect of this package.
var ErrIndex = errors.New("offer index disagrees with itself")

// Check compares everything derived with the tables: O(agents + offers). It is for tests and simulations.
func (x *Index) Check() error {
	txn := x.db.Txn(false)
	known := make(map[uint32]*Agent)
	for a := range allAgents(txn) {
		known[a.number] = a
		if x.chunks[a.number/chunkSize].agents[a.number%chunkSize] != a {
			return fmt.Errorf("%w: agent %s is not the derived one", ErrIndex, a.ID)
		}
		if x.byID[a.ID] != a.number {
			return fmt.Errorf("%w: agent %s has number %d and is known as %d", ErrIndex, a.ID, a.number, x.byID[a.ID])
		}
	}
	if len(known) != len(x.byID) {
		return fmt.Errorf("%w: %d agents, %d ids", ErrIndex, len(known), len(x.byID))
	}
	bins, ids := 0, 0
	for row := range rows(txn, binTable) {
		b := row.(*bin)
		bins++
		ids += len(b.offers)
		if err := x.checkBin(b, known[b.number]); err != nil {
			return err
		}
	}
	if bins != len(x.bins) || ids != len(x.offerSlots) {
		return fmt.Errorf("%w: %d bins and %d offers in the table, %d and %d derived", ErrIndex, bins, ids, len(x.bins),
			len(x.offerSlots))
	}
	return nil
}

func (x *Index) checkBin(b *bin, a *Agent) error {
	at := slot{b.number, b.role}
	if a == nil || a.ID != b.agent {
		return fmt.Errorf("%w: bin of agent %s, which is not known", ErrIndex, b.agent)
	}
	if x.bins[at] != b {
		return fmt.Errorf("%w: bin of agent %s and role %q is not the derived one", ErrIndex, b.agent, b.role)
	}
	if len(b.offers) == 0 {
		return fmt.Errorf("%w: bin of agent %s has no offers", ErrIndex, b.agent)
	}
	for i := range b.offers {
		if x.offerSlots[b.offers[i].ID] != at {
			return fmt.Errorf("%w: offer %s is not where its bin is", ErrIndex, b.offers[i].ID)
		}
	}
	if q := sum(b.offers); !q.Equal(&b.free) || string(binKey(q.CPUs, q.Mem, b.number, b.role)) != string(b.key) {
		return fmt.Errorf("%w: bin of agent %s holds %+v, offers sum to %+v", ErrIndex, b.agent, b.free, q)
	}
	return nil
}
