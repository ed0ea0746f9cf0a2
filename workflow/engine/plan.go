package engine

import (
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// plan is a graph with what is asked of it again and again.
type plan struct {
	graph *workflow.Graph
	nodes []*planned
	found map[string]place // by name, of this graph and of the bodies in it
}

// planned is a node with what follows it.
type planned struct {
	node   *workflow.Node
	number int   // unique in the flow
	after  []int // positions of the nodes that wait for it
	body   *plan // of a for-each or a loop
	policy Policy
}

// place is where a name is: the node of the graph at pos, or, with a rest, below it.
type place struct {
	pos  int
	rest string // a name in the body; empty: the node itself
}

func newPlan(g *workflow.Graph, policy func(*workflow.Step) Policy, count *int) *plan {
	p := &plan{graph: g, found: map[string]place{}}
	for pos, n := range g.Nodes {
		x := &planned{node: n, number: *count}
		*count++
		if n.Step != nil && policy != nil {
			x.policy = policy(n.Step)
		}
		if body := n.Body(); body != nil {
			x.body = newPlan(body, policy, count)
			for name := range x.body.found {
				p.found[name] = place{pos, name}
			}
		}
		p.nodes = append(p.nodes, x)
		p.found[n.Name] = place{pos: pos}
	}
	for pos, n := range g.Nodes {
		for _, edge := range n.After {
			from := p.nodes[edge.From]
			from.after = append(from.after, pos)
		}
	}
	return p
}

// keyOf is the key of a node in an iteration.
func keyOf(name string, index []int) string {
	if len(index) == 0 {
		return name
	}
	return name + "[" + indexText(index, ".") + "]"
}

func indexText(index []int, between string) string {
	var b strings.Builder
	for i, n := range index {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}
