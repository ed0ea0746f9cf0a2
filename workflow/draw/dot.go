package draw

import (
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// DOT writes the graph for Graphviz.
func DOT(w *workflow.Workflow) string {
	d := &dot{}
	d.line(0, "digraph workflow {")
	d.line(1, "compound=true; node [shape=box, style=rounded];")
	d.graph(w.Graph, 1)
	if w.Finally != nil {
		d.line(1, "subgraph cluster_finally {")
		d.line(2, `label="finally";`)
		d.graph(w.Finally, 2)
		d.line(1, "}")
	}
	d.line(0, "}")
	return d.b.String()
}

type dot struct {
	b        strings.Builder
	clusters int
}

func (d *dot) line(depth int, text string) {
	d.b.WriteString(strings.Repeat("  ", depth) + text + "\n")
}

func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", "").Replace(s) + `"`
}

// graph writes a graph. Graphviz draws edges between nodes only: those of a for-each begin and end at a point in its
// cluster.
func (d *dot) graph(g *workflow.Graph, depth int) {
	for _, n := range g.Nodes {
		switch b := n.Body(); {
		case b != nil:
			d.clusters++
			d.line(depth, fmt.Sprintf("subgraph cluster_%d {", d.clusters))
			d.line(depth+1, "label="+dotText(label(n))+"; style=dashed;")
			d.line(depth+1, dotText(n.Name)+" [shape=point];")
			d.graph(b, depth+1)
			for _, inner := range b.Nodes {
				if len(inner.After) == 0 {
					d.line(depth+1, dotText(n.Name)+" -> "+dotText(inner.Name)+" [style=dotted];")
				}
			}
			d.line(depth, "}")
		case n.Step == nil:
			d.line(depth, dotText(n.Name)+" [shape=ellipse];")
		default:
			d.line(depth, dotText(n.Name)+" [label="+dotText(n.Name+"\n"+n.Step.Type)+"];")
		}
	}
	for _, n := range g.Nodes {
		for _, e := range n.After {
			attributes := ""
			if e.When != "" {
				attributes = " [label=" + dotText(e.When) + "]"
			}
			d.line(depth, dotText(g.Nodes[e.From].Name)+" -> "+dotText(n.Name)+attributes+";")
		}
	}
}
