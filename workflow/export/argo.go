package export

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

func argo(w *workflow.Workflow) Export {
	m := &manifest{w: w, names: map[string]string{}}
	m.literal = m.refuseBraces
	m.common(w)
	m.promise(w, "")
	spec := pairs{"entrypoint": "main"}
	m.graph("main", w.Graph, nil, nil)
	if w.Finally != nil {
		spec["onExit"] = "finally"
		m.graph("finally", w.Finally, nil, nil)
	}
	if w.Parallel > 0 {
		spec["parallelism"] = w.Parallel
	}
	if w.Timeout > 0 {
		spec["activeDeadlineSeconds"] = int64(w.Timeout.Seconds())
	}
	var arguments []parameter
	for _, p := range w.Parameters {
		a := parameter{Name: p.Name}
		if !p.Required {
			text := workflow.TextOf(p.Default)
			a.Value = &text
		}
		arguments = append(arguments, a)
	}
	if len(arguments) > 0 {
		spec["arguments"] = parameterList{arguments}
	}
	spec["templates"] = m.templates
	name := m.name("workflow/" + w.Name)
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false) // people read it
	_ = enc.Encode(pairs{    // a buffer takes all

		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": pairs{"generateName": strings.ToLower(name) + "-"}, "spec": spec,
	})
	return Export{Text: commented(w, m.left) + text.String(), Left: m.left} // JSON is YAML
}

// graph adds the template of a graph; collected are outputs of its steps that those outside need.
func (m *manifest) graph(name string, g *workflow.Graph, variables []string, collected []need) (needs []need) {
	at := len(m.templates)
	m.templates = append(m.templates, template{Name: name})
	home := map[string]*workflow.Node{} // by step, the node of this graph that it is, or is in
	for _, n := range g.Nodes {
		for _, s := range stepsIn(n) {
			home[s] = n
		}
	}
	wanted := map[string][]need{} // by for-each, what this graph needs of its steps
	for _, n := range g.Nodes {
		for _, x := range append(m.needsIn(n), m.conditionNeeds(g, n)...) {
			if h := home[x.step]; h != nil && h != n && h.Step == nil && !slices.Contains(wanted[h.Name], x) {
				wanted[h.Name] = append(wanted[h.Name], x)
			}
		}
	}
	for _, x := range collected {
		if h := home[x.step]; h != nil && h.Step == nil && !slices.Contains(wanted[h.Name], x) {
			wanted[h.Name] = append(wanted[h.Name], x)
		}
	}
	value := func(x need) string {
		h := home[x.step]
		switch {
		case x.variable != "":
		case h != nil && h.Step != nil:
			return "{{tasks." + m.name(h.Name) + ".outputs.parameters." + x.output + "}}"
		case h != nil:
			return "{{tasks." + m.name(h.Name) + ".outputs.parameters." + x.input() + "}}"
		}
		if !slices.Contains(needs, x) {
			needs = append(needs, x)
		}
		return "{{inputs.parameters." + x.input() + "}}"
	}
	d := &dag{}
	for _, n := range g.Nodes {
		d.Tasks = append(d.Tasks, m.task(g, n, variables, wanted[n.Name], value))
	}
	t := &m.templates[at]
	t.DAG = d
	for _, v := range variables {
		if x := (need{variable: v}); !slices.Contains(needs, x) {
			needs = append(needs, x)
		}
	}
	if len(needs) > 0 {
		t.Inputs = &parameterList{}
		for _, x := range needs {
			t.Inputs.Parameters = append(t.Inputs.Parameters, parameter{Name: x.input()})
		}
	}
	if len(collected) > 0 {
		t.Outputs = &parameterList{}
		for _, x := range collected {
			t.Outputs.Parameters = append(t.Outputs.Parameters,
				parameter{Name: x.input(), From: pairs{"parameter": value(x)}})
		}
	}
	return needs
}

// task is a node within its graph's DAG.
func (m *manifest) task(
	g *workflow.Graph, n *workflow.Node, variables []string, collected []need, value func(need) string,
) task {
	t := task{Name: m.name(n.Name), Depends: m.depends(g, n), When: m.when(g, n, value)}
	var needs []need
	items := map[string]string{}
	switch {
	case n.Step != nil:
		t.Template = t.Name
		needs = m.step(n.Step)
	case n.Each != nil:
		t.Template = t.Name + "-body"
		var names []string
		for _, b := range n.Each.Over {
			names = append(names, b.Name)
			items[b.Name] = "{{item." + b.Name + "}}"
		}
		if !m.list(n, &t, items, value) {
			m.refused(&t, n, "its lists are known only when it is reached, and Argo goes through one list")
			return t
		}
		needs = m.graph(t.Template, n.Each.Body, names, collected)
		if n.Each.Parallel > 0 || n.Each.Ordered {
			m.leave(n.Name, "the bound on its iterations holds for the whole DAG there: set parallelism")
		}
		if n.Each.Tolerate > 0 {
			m.leave(n.Name, "an iteration that fails fails all")
		}
	case n.Loop != nil:
		m.refused(&t, n, "a loop has no form in a DAG of Argo")
		return t
	default:
		t.Template = "nothing"
		if !slices.ContainsFunc(m.templates, func(t template) bool { return t.Name == "nothing" }) {
			m.templates = append(m.templates, template{Name: "nothing",
				Box: &container{Image: hostImage, Command: []string{"true"}, Args: []string{}}})
		}
	}
	if len(needs) > 0 {
		t.Arguments = &parameterList{}
		for _, x := range needs {
			text, isItem := items[x.variable]
			if !isItem {
				text = value(x)
			}
			t.Arguments.Parameters = append(t.Arguments.Parameters, parameter{Name: x.input(), Value: &text})
		}
	}
	return t
}

// refused has a node fail.
func (m *manifest) refused(t *task, n *workflow.Node, why string) {
	m.leave(n.Name, "%s; it fails there", why)
	t.Template = t.Name
	m.templates = append(m.templates, template{Name: t.Name,
		Box: &container{Image: hostImage, Command: []string{"sh", "-c"}, Args: []string{"exit 64"}}})
}

// list has a task run for each item: of one list as it is then, of several as they are by default.
func (m *manifest) list(n *workflow.Node, t *task, byName map[string]string, value func(need) string) bool {
	e := n.Each
	if len(e.Over) == 1 {
		x, err := workflow.Compile(e.Over[0].List)
		if err == nil && len(x.References) == 1 && strings.Join(x.References[0].Path, ".") == x.Text {
			path := x.References[0].Path
			byName[e.Over[0].Name] = "{{item}}"
			if step, output, ok := outputOf(path); ok {
				t.WithParam = value(need{step: step, output: output})
				return true
			}
			if p := parameterOf(m.w, path); p != "" {
				t.WithParam = "{{workflow.parameters." + p + "}}"
				return true
			}
		}
	}
	all, ok := items(m.w, e)
	if !ok {
		return false
	}
	m.leave(n.Name, "its items are those of the parameters' defaults, whatever a run is given")
	for name := range byName {
		byName[name] = "{{item." + name + "}}"
	}
	for _, item := range all {
		t.WithItems = append(t.WithItems, item)
	}
	return true
}
