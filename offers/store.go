package offers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/hashicorp/go-memdb"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

const (
	agentTable = "agents"
	binTable   = "bins"
)

var errKey = errors.New("key a row of the offer index: not a row of this table")

// schema has one index per table. A second one would double what a pass writes.
func schema() *memdb.DBSchema {
	return &memdb.DBSchema{Tables: map[string]*memdb.TableSchema{
		agentTable: {Name: agentTable, Indexes: map[string]*memdb.IndexSchema{
			"id": {Name: "id", Unique: true, Indexer: chunkIndexer{}},
		}},
		binTable: {Name: binTable, Indexes: map[string]*memdb.IndexSchema{
			"id": {Name: "id", Unique: true, Indexer: binIndexer{}},
		}},
	}}
}

// chunkIndexer keys chunks by their number: agents lie in order of first appearance.
type chunkIndexer struct{}

func (chunkIndexer) FromObject(row any) (bool, []byte, error) {
	s, ok := row.(*agentChunk)
	if !ok {
		return false, nil, errKey
	}
	return true, binary.BigEndian.AppendUint32(nil, s.at), nil
}

func (chunkIndexer) FromArgs(args ...any) ([]byte, error) {
	if n, ok := args[0].(uint32); ok && len(args) == 1 {
		return binary.BigEndian.AppendUint32(nil, n), nil
	}
	return nil, fmt.Errorf("look up a chunk by %v: %w", args, errKey)
}

// binIndexer keys bins by the order-preserving key of what they hold.
type binIndexer struct{}

func (binIndexer) FromObject(row any) (bool, []byte, error) {
	b, ok := row.(*bin)
	if !ok {
		return false, nil, errKey
	}
	return true, b.key, nil
}

func (binIndexer) FromArgs(args ...any) ([]byte, error) {
	if key, ok := args[0].([]byte); ok && len(args) == 1 {
		return key, nil
	}
	return nil, fmt.Errorf("look up a bin by %v: %w", args, errKey)
}

func (binIndexer) PrefixFromArgs(args ...any) ([]byte, error) {
	if prefix, ok := args[0].(string); ok && len(args) == 1 {
		return []byte(prefix), nil
	}
	return nil, fmt.Errorf("look up bins by prefix %v: %w", args, errKey)
}

// chunkSize is the agents in one row of the agent table. A row written costs go-memdb about 4 µs, more than
// packing all of an agent's tasks; a pass touches agents in runs, so rows of 64 are written once for many of
// them.
const chunkSize = 64

// agentChunk is a row of the agent table: the agents whose numbers share all but the last six bits, nil where
// one is gone.
type agentChunk struct {
	at        uint32 // number of the first agent / chunkSize
	writtenBy uint64 // write transaction that made it, in which alone it may change
	agents    [chunkSize]*Agent
}

// row is the agent with a number.
func (t *tables) row(number uint32) *Agent {
	return t.x.chunks[number/chunkSize].agents[number%chunkSize]
}

// putRow replaces the agent with a number; nil forgets it.
func (t *tables) putRow(number uint32, a *Agent) {
	at := number / chunkSize
	for int(at) >= len(t.x.chunks) {
		t.x.chunks = append(t.x.chunks, &agentChunk{at: uint32(len(t.x.chunks))})
	}
	s := t.x.chunks[at]
	if s.writtenBy != t.x.writes {
		copied := *s
		copied.writtenBy = t.x.writes
		s = &copied
		t.x.chunks[at] = s
		t.dirty = append(t.dirty, s)
	}
	s.agents[number%chunkSize] = a
}

// flush writes the chunks that changed.
func (t *tables) flush() {
	for _, s := range t.dirty {
		must(t.txn.Insert(agentTable, s))
	}
}

// tables is the index within one write transaction. It changes rows and derived maps together.
type tables struct {
	x     *Index
	txn   *memdb.Txn
	dirty []*agentChunk
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
	a := row.clone()
	if a.addTasks(d, d.Role, n); a.gone && a.Tasks() == 0 {
		t.dropAgent(id)
		return
	}
	t.putAgent(a)
}

func (t *tables) dropAgent(id AgentID) {
	number := t.x.byID[id]
	t.putRow(number, nil)
	delete(t.x.byID, id)
	delete(t.x.doubts, number)
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
		delete(t.x.offerSlots, old.offers[i].ID)
	}
}

// dropOffer takes one known offer out of its bin.
func (t *tables) dropOffer(id OfferID) {
	at := t.x.offerSlots[id]
	old := t.x.bins[at]
	b := old.without(t.row(at.agent), id)
	delete(t.x.offerSlots, id)
	t.putBin(at, old, b)
}

// dropAllBins voids every offer, at a cost of a walk over the rows instead of a deletion of each.
func (t *tables) dropAllBins() {
	_, err := t.txn.DeletePrefix(binTable, "id_prefix", "")
	must(err)
	clear(t.x.bins)
	clear(t.x.offerSlots)
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
func (t *tables) offered(a *Agent) resource.Resources {
	var q resource.Resources
	for _, b := range t.binsOf(a) {
		q = q.Plus(b.free, 1)
	}
	return q
}

// rows lists a table in key order.
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

// agents lists every agent that is not gone, in order of number.
func agents(txn *memdb.Txn) iter.Seq[*Agent] {
	return func(yield func(*Agent) bool) {
		for a := range allAgents(txn) {
			if !a.gone && !yield(a) {
				return
			}
		}
	}
}

// allAgents lists every agent in order of number, also those that are gone.
func allAgents(txn *memdb.Txn) iter.Seq[*Agent] {
	return func(yield func(*Agent) bool) {
		for row := range rows(txn, agentTable) {
			for _, a := range row.(*agentChunk).agents {
				if a != nil && !yield(a) {
					return
				}
			}
		}
	}
}
