package offers

// shelfSize is the agents in one row of the agent table. A row written costs go-memdb about 4 µs, more than packing all
// of an agent's tasks; a pass touches agents in runs, so rows of 64 are written once for many of them.
const shelfSize = 64

// shelf is a row of the agent table: the agents whose numbers share all but the last six bits, nil where one is gone.
type shelf struct {
	at     uint32 // number of the first agent / shelfSize
	born   uint64 // write transaction that made it, in which alone it may change
	agents [shelfSize]*Agent
}

// row is the agent with a number.
func (t *tables) row(number uint32) *Agent {
	return t.x.shelves[number/shelfSize].agents[number%shelfSize]
}

// putRow replaces the agent with a number; nil forgets it.
func (t *tables) putRow(number uint32, a *Agent) {
	at := number / shelfSize
	for int(at) >= len(t.x.shelves) {
		t.x.shelves = append(t.x.shelves, &shelf{at: uint32(len(t.x.shelves))})
	}
	s := t.x.shelves[at]
	if s.born != t.x.writes {
		fork := *s
		fork.born = t.x.writes
		s = &fork
		t.x.shelves[at] = s
		t.dirty = append(t.dirty, s)
	}
	s.agents[number%shelfSize] = a
}

// flush writes the shelves that changed.
func (t *tables) flush() {
	for _, s := range t.dirty {
		must(t.txn.Insert(agentTable, s))
	}
}
