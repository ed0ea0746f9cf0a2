package export

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

const metaflowHead = `import json
import os
import subprocess
import tempfile

from metaflow import FlowSpec, JSONType, Parameter, resources, retry, step, timeout


def run(command, values):
    """Runs a command by a shell, with values as variables, and answers what it wrote to $KAON_OUTPUT."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "output")
        text = {k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
        subprocess.run(command, shell=True, check=True, env={**os.environ, **text, "KAON_OUTPUT": output})
        if not os.path.exists(output):
            return {}
        with open(output) as f:
            return json.load(f)


def union(branches):
    """What the branches of a split have put out."""
    out = {}
    for branch in branches:
        out.update(branch.out)
    return out


def lists(iterations, names):
    """What the iterations of a for-each have put out, as lists in their order."""
    out = dict(iterations[0].out)
    for name in names:
        keys = {k for i in iterations for k in i.out.get(name, {})}
        out[name] = {k: [i.out.get(name, {}).get(k) for i in iterations] for k in keys}
    return out

`

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func metaflow(w *workflow.Workflow) Export {
	f := &flowFile{w: w, ids: map[string]string{}, taken: map[string]bool{}}
	f.common(w)
	f.promise(w, "")
	if len(w.Secrets) > 0 || w.Parallel > 0 || w.Timeout > 0 {
		f.leave("parallel, timeout", "set them where the flow is run: --max-workers")
	}
	var b strings.Builder
	name := strings.Trim(identifier(w.Name), "_")
	if name == "" || !letter(name[0]) {
		name = "Workflow" + name
	}
	fmt.Fprintf(&b, "\nclass %sFlow(FlowSpec):\n", strings.ToUpper(name[:1])+name[1:])
	for _, p := range w.Parameters {
		options := ", required=True"
		if text, err := json.Marshal(p.Default); err == nil && !p.Required {
			options = ", default=" + pythonText(string(text))
		}
		fmt.Fprintf(&b, "    p_%s = Parameter(%s, type=JSONType%s)\n", identifier(p.Name), pythonText(p.Name), options)
	}
	if len(w.Parameters) > 0 {
		f.leave("parameters", "they are given as JSON there, texts in quotes")
	}
	if w.Finally != nil {
		f.leave("finally", "it runs only when all else has succeeded")
	}
	main := f.structure(w.Graph)
	all := chain{{node: &workflow.Node{Name: "start"}, code: []string{"self.out = {}", "self.items = {}"}, id: "start"}}
	all = append(all, main...)
	if w.Finally != nil {
		all = append(all, f.structure(w.Finally)...)
	}
	f.chain(all, "end")
	f.add("end", false, nil, []string{"pass"}, "")
	b.WriteString(strings.Join(f.steps, ""))
	fmt.Fprintf(&b, "\n\nif __name__ == \"__main__\":\n    %sFlow()\n", strings.ToUpper(name[:1])+name[1:])
	return Export{Text: commented(w, f.left) + metaflowHead + b.String(), Left: f.left}
}

// chain adds the steps of a chain, the last of which leads to a step.
func (f *flowFile) chain(c chain, to string) {
	for k, p := range c {
		next := to
		if k+1 < len(c) {
			next = f.first(c[k+1])
		}
		switch {
		case p.id != "":
			f.add(p.id, false, nil, p.code, "self."+next)
		case p.node == nil:
			var heads []string
			for _, b := range p.branches {
				heads = append(heads, "self."+f.first(b[0]))
			}
			f.add(f.first(p), false, nil, nil, strings.Join(heads, ", "))
			for _, b := range p.branches {
				f.chain(b, "join_"+f.first(p))
			}
			f.add("join_"+f.first(p), true, nil, []string{"self.out = union(inputs)", "self.items = inputs[0].items"},
				"self."+next)
		case p.node.Each != nil:
			f.each(p, next)
		default:
			f.node(p.node, f.first(p), next)
		}
	}
}

// each writes a for-each: a step that has the list, the body, a step that joins.
func (f *flowFile) each(p piece, next string) {
	e := p.node.Each
	var code []string
	loops, names := "", []string{}
	var variables, lists []string
	for _, b := range e.Over {
		text, ok := f.python(b.List)
		if !ok {
			f.leave(p.node.Name, "its list `%s` is computed: it fails there", b.List)
			code = append(code, "raise RuntimeError(\"only kaon computes this list\")")
			text = "[]"
		}
		lists = append(lists, text)
		variables = append(variables, "v_"+b.Name)
		names = append(names, pythonText(b.Name)+": v_"+b.Name)
	}
	if e.Zipped {
		loops = fmt.Sprintf(" for %s in zip(%s, strict=True)", strings.Join(variables, ", "), strings.Join(lists, ", "))
		if len(lists) == 1 {
			loops = fmt.Sprintf(" for %s in %s", variables[0], lists[0])
		}
	} else {
		for i := range lists {
			loops += fmt.Sprintf(" for %s in %s", variables[i], lists[i])
		}
	}
	code = append(code, fmt.Sprintf("self.all_items = [{**self.items, %s}%s]", strings.Join(names, ", "), loops))
	body := f.structure(e.Body)
	inner := f.id("item_", p.node)
	f.add(f.first(p), false, nil, code, fmt.Sprintf("self.%s, foreach=\"all_items\"", inner))
	f.add(inner, false, nil, []string{"self.items = self.input"}, "self."+f.first(body[0]))
	f.chain(body, "join_"+f.first(p))
	var within []string
	for _, s := range stepsIn(p.node) {
		within = append(within, pythonText(s))
	}
	var restored []string
	for _, b := range e.Over {
		restored = append(restored, pythonText(b.Name))
	}
	f.add("join_"+f.first(p), true, nil, []string{
		fmt.Sprintf("self.out = lists(list(inputs), [%s])", strings.Join(within, ", ")),
		fmt.Sprintf("self.items = {k: v for k, v in inputs[0].items.items() if k not in [%s]}",
			strings.Join(restored, ", ")),
	}, "self."+next)
	if e.Parallel > 0 || e.Ordered {
		f.leave(p.node.Name, "the bound on its iterations is --max-workers there")
	}
	if e.Tolerate > 0 {
		f.leave(p.node.Name, "an iteration that fails fails the flow")
	}
}
