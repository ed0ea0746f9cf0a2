package draw

import (
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// Mermaid writes a flow chart, which GitHub and GitLab draw in Markdown.
func Mermaid(w *workflow.Workflow) string {
	m := &mermaid{ids: map[string]string{}}
	m.line(0, "flowchart TD")
	m.graph(w.Graph, 1)
	if w.Finally != nil {
		m.line(1, "subgraph finally")
		m.graph(w.Finally, 2)
		m.line(1, "end")
	}
	return m.b.String()
}

type mermaid struct {
	b   strings.Builder
	ids map[string]string // names may be words of the language, as end
}

func (m *mermaid) line(depth int, text string) {
	m.b.WriteString(strings.Repeat("  ", depth) + text + "\n")
}

func (m *mermaid) id(n *workflow.Node) string {
	id, known := m.ids[n.Name]
	if !known {
		id = fmt.Sprintf("n%d", len(m.ids))
		m.ids[n.Name] = id
	}
	return id
}

// mermaidText is a text in quotes: the language knows entities and no backslash.
func mermaidText(s string) string {
	return `"` + strings.NewReplacer("#", "#35;", `"`, "#quot;", "&", "#amp;", "<", "#lt;", ">", "#gt;", "\n", " ",
		"\r", " ").Replace(s) + `"`
}

func (m *mermaid) graph(g *workflow.Graph, depth int) {
	for _, n := range g.Nodes {
		switch b := n.Body(); {
		case b != nil:
			m.line(depth, "subgraph "+m.id(n)+"["+mermaidText(label(n))+"]")
			m.graph(b, depth+1)
			m.line(depth, "end")
		case n.Step == nil:
			m.line(depth, m.id(n)+"(["+mermaidText(n.Name)+"])")
		default:
			m.line(depth, m.id(n)+"["+mermaidText(n.Name+": "+n.Step.Type)+"]")
		}
	}
	for _, n := range g.Nodes {
		for _, e := range n.After {
			arrow := " --> "
			if e.When != "" {
				arrow = " -->|" + mermaidText(e.When) + "| "
			}
			m.line(depth, m.id(g.Nodes[e.From])+arrow+m.id(n))
		}
	}
}
