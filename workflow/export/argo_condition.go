package export

import (
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// depends says when a task may start, as a join of kaon does: all have ended, and one has succeeded.
func (m *manifest) depends(g *workflow.Graph, n *workflow.Node) string {
	var done, succeeded []string
	for _, e := range n.After {
		from := g.Nodes[e.From]
		name := m.name(from.Name)
		good := name + ".Succeeded"
		if from.Step != nil && from.Step.OnFailure == workflow.Continue {
			good = "(" + good + " || " + name + ".Failed)"
		}
		succeeded = append(succeeded, good)
		done = append(done, "("+good+" || "+name+".Skipped || "+name+".Omitted)")
	}
	switch {
	case len(succeeded) == 0:
		return ""
	case len(succeeded) == 1:
		return succeeded[0]
	case n.Join.AtLeast == 1:
		m.leave(n.Name, "it starts when one has succeeded and all have ended")
		return strings.Join(succeeded, " || ")
	case n.Join.AtLeast > 1:
		m.leave(n.Name, "it waits for all, not for %d", n.Join.AtLeast)
	}
	return strings.Join(done, " && ") + " && (" + strings.Join(succeeded, " || ") + ")"
}

// when is the condition that all edges to a node have.
func (m *manifest) when(g *workflow.Graph, n *workflow.Node, value func(need) string) string {
	if len(n.After) == 0 || n.After[0].When == "" && !slices.ContainsFunc(n.After, func(e workflow.Edge) bool {
		return e.When != ""
	}) {
		return ""
	}
	first := n.After[0].When
	for _, e := range n.After {
		if e.When != first {
			m.leave(n.Name, "its edges have several conditions, which Argo cannot tell apart: it runs without")
			return ""
		}
	}
	x, err := workflow.Compile(first)
	if err != nil {
		return ""
	}
	text := x.Text
	for i := len(x.References) - 1; i >= 0; i-- { // from the end, so that places before it stay
		ref := x.References[i]
		from := []rune(text)
		written := strings.Join(ref.Path, ".")
		if !strings.HasPrefix(string(from[ref.At:]), written) {
			m.leave(n.Name, "its condition `%s` cannot be written there: it runs without", first)
			return ""
		}
		to, ok := "", false
		if step, output, isOutput := outputOf(ref.Path); isOutput {
			inner := strings.TrimSuffix(strings.TrimPrefix(value(need{step: step, output: output}), "{{"), "}}")
			to, ok = m.typed(bracketed(inner), m.typeOf(step, output)), true
		} else if p := parameterOf(m.w, ref.Path); p != "" {
			to, ok = m.typed("workflow.parameters['"+p+"']", m.typeOfParameter(p)), true
		}
		if !ok {
			m.leave(n.Name, "its condition `%s` cannot be written there: it runs without", first)
			return ""
		}
		text = string(from[:ref.At]) + to + string(from[ref.At+len([]rune(written)):])
	}
	return "{{=" + text + "}}"
}

// bracketed writes a.b-c as a['b-c'], as expressions need names with hyphens.
func bracketed(path string) string {
	names := strings.Split(path, ".")
	for i, name := range names[1:] {
		names[i+1] = "['" + name + "']"
	}
	return strings.Join(names, "")
}

// typed reads a value of Argo, all of which are texts.
func (m *manifest) typed(text string, t workflow.Type) string {
	switch t.Kind {
	case workflow.Integer:
		return "asInt(" + text + ")"
	case workflow.Number:
		return "asFloat(" + text + ")"
	case workflow.Boolean:
		return "(" + text + " == 'true')"
	}
	return text
}

func (m *manifest) typeOf(step, output string) workflow.Type {
	for _, s := range m.w.Steps {
		if s.Name != step {
			continue
		}
		for _, o := range s.Outputs {
			if o.Name == output {
				return o.Type
			}
		}
	}
	return workflow.Type{Kind: workflow.Any}
}

func (m *manifest) typeOfParameter(name string) workflow.Type {
	for _, p := range m.w.Parameters {
		if p.Name == name {
			return p.Type
		}
	}
	return workflow.Type{Kind: workflow.Any}
}
