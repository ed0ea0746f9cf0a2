package workflow

import (
	"maps"
	"slices"
)

// Equal says whether two graphs have the same nodes and edges, wherever these stand. Steps are not compared.
func (g *Graph) Equal(h *Graph) bool {
	if g == nil || h == nil {
		return g == h
	}
	if len(g.Nodes) != len(h.Nodes) {
		return false
	}
	named := make(map[string]*Node, len(h.Nodes))
	for _, n := range h.Nodes {
		named[n.Name] = n
	}
	for _, n := range g.Nodes {
		m := named[n.Name]
		if m == nil || n.Join != m.Join || !maps.Equal(g.conditions(n), h.conditions(m)) || !n.Each.equal(m.Each) ||
			!n.Loop.equal(m.Loop) {
			return false
		}
	}
	return true
}

// conditions are the edges of a node by the names of those that it waits for.
func (g *Graph) conditions(n *Node) map[string]string {
	out := make(map[string]string, len(n.After))
	for _, e := range n.After {
		out[g.Nodes[e.From].Name] = e.When
	}
	return out
}

func (e *Each) equal(f *Each) bool {
	if e == nil || f == nil {
		return e == f
	}
	return slices.Equal(e.Over, f.Over) && e.Zipped == f.Zipped && e.Parallel == f.Parallel &&
		e.Tolerate == f.Tolerate &&
		e.Ordered == f.Ordered && e.Body.Equal(f.Body)
}

func (l *Loop) equal(m *Loop) bool {
	if l == nil || m == nil {
		return l == m
	}
	return l.Until == m.Until && l.Times == m.Times && l.Body.Equal(m.Body)
}
