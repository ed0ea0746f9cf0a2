package workflow

// level is a graph within the workflow, with what its nodes can rely on.
type level struct {
	graph   *Graph
	index   map[string]int
	outer   *level // nil: it is the outermost
	at      int    // of the node of outer that it is the body of
	finally *level // of the outermost one of `finally`: the graph before it

	before []bits // by node: those that it waits for, at first or second hand
	sure   []bits // by node: of those, the ones that have run whenever it runs
	always []bool // by node: it runs whenever the graph does
}

// bits is a set of nodes.
type bits []uint64

func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }
func (b bits) add(i int)      { b[i/64] |= 1 << (i % 64) }

func (b bits) union(c bits) {
	for i := range b {
		b[i] |= c[i]
	}
}

func (b bits) intersect(c bits) {
	for i := range b {
		b[i] &= c[i]
	}
}

// newLevel works out what runs before what. A node runs when an edge to it is taken; an edge under a condition may not
// be. So a node has surely run before another when it is before all edges to that, one of which was taken, or when it
// always runs and an edge without a condition leads on from it, unless the other does not wait for all.
func newLevel(g *Graph, outer *level, at int) *level {
	n := len(g.Nodes)
	l := &level{graph: g, index: make(map[string]int, n), outer: outer, at: at,
		before: make([]bits, n), sure: make([]bits, n), always: make([]bool, n)}
	words := (n + 63) / 64
	for i, node := range g.Nodes {
		l.index[node.Name] = i
		l.before[i], l.sure[i] = make(bits, words), make(bits, words)
		l.always[i] = len(node.After) == 0
		for k, e := range node.After {
			through := make(bits, words) // have run when this edge is taken
			copy(through, l.sure[e.From])
			through.add(e.From)
			l.before[i].union(l.before[e.From])
			l.before[i].add(e.From)
			if k == 0 {
				copy(l.sure[i], through)
			} else {
				l.sure[i].intersect(through)
			}
			if e.When == "" && l.always[e.From] {
				l.always[i] = true
			}
		}
		if node.Join.AtLeast > 0 {
			continue
		}
		for _, e := range node.After {
			if e.When == "" && l.always[e.From] {
				l.sure[i].union(l.sure[e.From])
				l.sure[i].add(e.From)
			}
		}
	}
	return l
}

// spot is a node in its graph.
type spot struct {
	level *level
	at    int
}

func (s spot) node() *Node { return s.level.graph.Nodes[s.at] }

// out is the node whose body a spot is in.
func (s spot) out() spot { return spot{s.level.outer, s.level.at} }

// standing says how one node stands to another that wants to know of it.
type standing struct {
	before bool // it has ended, or will never run
	sure   bool // it has run
	lists  int  // for-eaches that it is in and the other is not
}

// standingOf is how a node stands to a place: to what follows a node, or, when after is set, to the end of the node
// itself.
func standingOf(of, to spot, after bool) standing {
	var s standing
	inside := map[*level]int{to.level: to.at}
	for l := to; l.level.outer != nil; {
		l = l.out()
		inside[l.level] = l.at
	}
	first := to.level
	s.sure = true
	for {
		at, common := inside[of.level]
		if common {
			here := of.level.graph.Nodes[of.at]
			switch {
			case of.at == at:
				s.before = after && of.level == first && here.Each == nil
			case of.level.before[at].has(of.at):
				s.before = true
				s.sure = s.sure && of.level.sure[at].has(of.at)
			}
			return s
		}
		if of.level.outer == nil { // the graph, as what comes at the end sees it
			top := to
			for top.level.outer != nil {
				top = top.out()
			}
			return standing{before: top.level.finally == of.level, lists: s.lists}
		}
		s.sure = s.sure && of.level.always[of.at]
		of = of.out()
		switch n := of.node(); {
		case n.Each != nil:
			s.lists++
			s.sure = true // the list is there, whatever its items
		}
	}
}
