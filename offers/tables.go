package offers

import (
	"fmt"
	"iter"

	"github.com/hashicorp/go-memdb"
)

// tables is the index within one write transaction. It changes rows and derived maps together.
type tables struct {
	x     *Index
	txn   *memdb.Txn
	dirty []*shelf
}

// agent is the row of an agent, or a new one with the next number.
func (t *tables) agent(id AgentID) Agent {
	number, known := t.x.byID[id]
	if !known {
		t.x.next++
		return Agent{ID: id, number: t.x.next}
	}
	return *t.row(number)
}

func (t *tables) putAgent(a *Agent) {
	t.x.byID[a.ID] = a.number
	t.putRow(a.number, a)
}

// load counts n more tasks of the demand on an agent.
func (t *tables) load(id AgentID, d *Demand, n int) {
	row := t.agent(id)
	a := row.fork()
	a.start(d, d.Role, n)
	t.putAgent(a)
}

func (t *tables) dropAgent(id AgentID) {
	t.putRow(t.x.byID[id], nil)
	delete(t.x.byID, id)
}

// putBin replaces the row of a slot; old and b may be nil. Offers that only old had are forgotten.
func (t *tables) putBin(at slot, old, b *bin) {
	if old != nil {
		must(t.txn.Delete(binTable, old))
	}
	if b != nil {
		must(t.txn.Insert(binTable, b))
		t.x.bins[at] = b
		return
	}
	delete(t.x.bins, at)
	for i := range old.offers {
		delete(t.x.where, old.offers[i].ID)
	}
}

// dropOffer takes one known offer out of its bin.
func (t *tables) dropOffer(id OfferID) {
	at := t.x.where[id]
	old := t.x.bins[at]
	b := old.without(t.row(at.agent), id)
	delete(t.x.where, id)
	t.putBin(at, old, b)
}

// dropAllBins voids every offer, at a cost of a walk over the rows instead of a deletion of each.
func (t *tables) dropAllBins() {
	_, err := t.txn.DeletePrefix(binTable, "id_prefix", "")
	must(err)
	clear(t.x.bins)
	clear(t.x.where)
}

// binsOf lists the bins of one agent, by role's first appearance.
func (t *tables) binsOf(a *Agent) []*bin {
	var list []*bin
	for _, role := range a.roles {
		if b := t.x.bins[slot{a.number, role}]; b != nil {
			list = append(list, b)
		}
	}
	return list
}

// offered is what all bins of the agent hold.
func (t *tables) offered(a *Agent) Quantities {
	var q Quantities
	for _, b := range t.binsOf(a) {
		q = q.plus(b.free, 1)
	}
	return q
}

// rows lists a table in key order.
func (t *tables) rows(table string) iter.Seq[any] { return rows(t.txn, table) }

func rows(txn *memdb.Txn, table string) iter.Seq[any] {
	return func(yield func(any) bool) {
		it, err := txn.Get(table, "id")
		must(err)
		for row := it.Next(); row != nil && yield(row); row = it.Next() {
		}
	}
}

// must stops on errors of go-memdb, which reports only misuse of its schema: no input can cause one.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("offers: the index misuses its own schema: %v", err))
	}
}

// agents lists every agent in order of number.
func agents(txn *memdb.Txn) iter.Seq[*Agent] {
	return func(yield func(*Agent) bool) {
		for row := range rows(txn, agentTable) {
			for _, a := range row.(*shelf).agents {
				if a != nil && !yield(a) {
					return
				}
			}
		}
	}
}
