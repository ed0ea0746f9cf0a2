package offers

import (
	"slices"

	"github.com/hashicorp/go-memdb"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Index holds agents, what they offer now, and what of ours runs on them. One goroutine changes it; Snapshot
// and Agents may be called from any.
type Index struct {
	db         *memdb.MemDB
	writes     uint64             // write transactions so far
	next       uint32             // number of the next agent that appears, less one
	chunks     []*agentChunk      // derived: the rows of the agent table
	byID       map[AgentID]uint32 // derived: numbers of the known agents
	bins       map[slot]*bin      // derived: the rows of the bin table
	offerSlots map[OfferID]slot   // derived: where an offer lies
	doubts     map[uint32]doubt   // by agent: of tasks counted there that may have ended unheard
}

// slot names a bin: an agent and an allocation role.
type slot struct {
	agent uint32
	role  string
}

// NewIndex is an empty index.
func NewIndex() *Index {
	db, err := memdb.NewMemDB(schema())
	must(err)
	return &Index{
		// A snapshot is a database of its own that keeps no watch channels, which nobody here waits on: they
		// would double the cost of a write.
		db:   db.Snapshot(),
		byID: make(map[AgentID]uint32), bins: make(map[slot]*bin), offerSlots: make(map[OfferID]slot),
		doubts: make(map[uint32]doubt),
	}
}

// Add takes offers in. An offer whose id is already there is ignored.
func (x *Index) Add(list ...Offer) {
	x.write(func(t *tables) {
		for _, o := range list {
			if _, known := x.offerSlots[o.ID]; known {
				continue
			}
			agent := t.agent(o.Agent).observe(&o)
			at := slot{agent.number, o.Role}
			old := x.bins[at]
			var b *bin
			if old == nil {
				b = newBin(agent, o.Role, []Offer{o})
			} else {
				b = old.with(agent, o)
			}
			x.offerSlots[o.ID] = at
			t.putBin(at, old, b)
			t.measure(agent)
			t.putAgent(agent)
		}
	})
}

// Rescind forgets an offer; it says whether the offer was there.
func (x *Index) Rescind(id OfferID) bool {
	_, known := x.offerSlots[id]
	if known {
		x.write(func(t *tables) { t.dropOffer(id) })
	}
	return known
}

// RemoveAgent forgets an agent with its offers. Tasks counted there may go on, where nobody hears of them: until each
// has ended it counts for constraints, and is counted if the agent offers again. That executors run there is not
// believed.
func (x *Index) RemoveAgent(id AgentID) {
	number, known := x.byID[id]
	if !known {
		return
	}
	x.write(func(t *tables) {
		row := t.row(number)
		for _, b := range t.binsOf(row) {
			t.putBin(slot{b.number, b.role}, b, nil)
		}
		if row.Tasks() == 0 {
			t.dropAgent(id)
			return
		}
		t.putAgent(row.away())
		t.doubt(row)
	})
}

// Reset voids all offers, as a new subscription does. Agents and their load stay known.
func (x *Index) Reset() {
	x.write(func(t *tables) {
		t.dropAllBins()
		for a := range allAgents(t.txn) {
			t.doubt(a)
		}
	})
}

// TaskStarted counts n tasks of the demand on the agent. Pack does this for the launches of its own plan;
// TaskStarted is for tasks learned otherwise, from a journal or a reconciliation. The demand's Role names the
// offers that a task with a shared executor took, unless they were of Mesos's "*".
func (x *Index) TaskStarted(agent AgentID, d *Demand, n int) {
	x.write(func(t *tables) {
		t.load(agent, d, n)
		if number, known := x.byID[agent]; known {
			t.doubt(t.row(number))
		}
	})
}

// TaskEnded takes n tasks of the demand off the agent again, for every end of a task that Pack or TaskStarted
// counted, also for a launch that was never sent. The demand's Role is as for TaskStarted.
func (x *Index) TaskEnded(agent AgentID, d *Demand, n int) {
	if _, known := x.byID[agent]; known {
		x.write(func(t *tables) { t.load(agent, d, -n) })
	}
}

// ExecutorGone forgets an executor of an agent: the next task of it pays its overhead again.
func (x *Index) ExecutorGone(agent AgentID, id ExecutorID) {
	if _, known := x.byID[agent]; known {
		x.write(func(t *tables) { t.putAgent(t.agent(agent).removeExecutor(id)) })
	}
}

// Offers is how many offers the index holds.
func (x *Index) Offers() int { return len(x.offerSlots) }

// write runs one write transaction.
func (x *Index) write(change func(*tables)) {
	x.writes++
	t := &tables{x: x, txn: x.db.Txn(true)}
	change(t)
	t.flush()
	t.txn.Commit()
}

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
	Free   resource.Resources
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
