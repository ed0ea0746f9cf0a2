package workflow

// Graph is what is run: nodes, and what each waits for. It has no cycles; Nodes are in an order in which no node comes
// before one that it waits for.
type Graph struct {
	Nodes []*Node
}

// Node is one place in a graph: a step, a for-each or a loop over a graph of its own, or nothing, as a start, a split
// or a join.
type Node struct {
	Name  string // unique in the workflow; of a for-each the first name of its body and ".each", of a loop and ".loop"
	Step  *Step  // nil: none
	Each  *Each  // nil: none
	Loop  *Loop  // nil: none
	After []Edge // what it waits for, in the same graph
	Join  Join   // how much of that must have succeeded
}

// Body is the graph within the node, of a for-each or a loop; nil: there is none.
func (n *Node) Body() *Graph {
	switch {
	case n.Each != nil:
		return n.Each.Body
	case n.Loop != nil:
		return n.Loop.Body
	}
	return nil
}

// Edge is a dependency on the node at index From of the same graph.
type Edge struct {
	From int
	When string // an expression that must hold for the edge to be taken; empty: always
}

// Join says when a node that waits for several may start.
type Join struct {
	AtLeast int // of the edges that were taken; 0: all
}

// Each runs a graph once for each item of lists.
type Each struct {
	Over     []Binding // the first varies slowest; zipped: all have the same length
	Zipped   bool
	Parallel int  // iterations at once; 0: no bound of its own
	Tolerate int  // iterations that may fail
	Ordered  bool // one after the other, in the list's order
	Body     *Graph
}

// Binding names the items of a list in the steps of a for-each.
type Binding struct {
	Name string
	List string // an expression, which may be known only when it is reached
}

// Loop runs a graph again and again until a check passes.
type Loop struct {
	Until string // an expression over what the steps of the body have put out in this round
	Times int    // rounds at most; when the last has not passed, the loop has failed
	Body  *Graph
}
