package draw

import "github.com/kaon-sweep/kaon/workflow"

// Graph is a graph as scripts and pages read it. Fields may be added, not renamed.
type Graph struct {
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges"`
}

// Node is a place in it.
type Node struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`               // step, each, loop, or none: it does nothing
	Type    string `json:"type,omitempty"`     // of a step
	Label   string `json:"label,omitempty"`    // of a for-each or a loop
	When    string `json:"when,omitempty"`     // a step is left out when it does not hold
	AtLeast int    `json:"at_least,omitempty"` // of the edges to it; absent: all
	Each    *Each  `json:"each,omitempty"`
	Loop    *Loop  `json:"loop,omitempty"`
	Body    *Graph `json:"body,omitempty"` // of a for-each or a loop
}

// Each is what a for-each goes through.
type Each struct {
	Over     []Binding `json:"over"`
	Zipped   bool      `json:"zipped,omitempty"`
	Parallel int       `json:"parallel,omitempty"`
	Tolerate int       `json:"tolerate,omitempty"`
	Ordered  bool      `json:"ordered,omitempty"`
}

// Binding is a variable and its list.
type Binding struct {
	Name string `json:"name"`
	List string `json:"list"`
}

// Loop is how long a loop goes on.
type Loop struct {
	Until string `json:"until"`
	Times int    `json:"times"`
}

// Edge leads from one node of a graph to another.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`
	When string `json:"when,omitempty"`
}

// GraphOf is a graph for scripts.
func GraphOf(g *workflow.Graph) *Graph {
	if g == nil {
		return nil
	}
	out := &Graph{Nodes: []Node{}, Edges: []Edge{}}
	for _, n := range g.Nodes {
		to := Node{Name: n.Name, Kind: "none", AtLeast: n.Join.AtLeast, Label: eachLabel(n), Body: GraphOf(n.Body())}
		switch {
		case n.Step != nil:
			to.Kind, to.Type, to.When = "step", n.Step.Type, n.Step.When
		case n.Each != nil:
			e := n.Each
			to.Kind, to.Each = "each", &Each{Zipped: e.Zipped, Parallel: e.Parallel, Tolerate: e.Tolerate,
				Ordered: e.Ordered}
			for _, b := range e.Over {
				to.Each.Over = append(to.Each.Over, Binding(b))
			}
		case n.Loop != nil:
			to.Kind, to.Loop = "loop", &Loop{n.Loop.Until, n.Loop.Times}
		}
		out.Nodes = append(out.Nodes, to)
		for _, e := range n.After {
			out.Edges = append(out.Edges, Edge{g.Nodes[e.From].Name, n.Name, e.When})
		}
	}
	return out
}
