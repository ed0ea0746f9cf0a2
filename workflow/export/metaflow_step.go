package export

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow"
)

// python is an expression that is one name, or a list written out, in Python.
func (f *flowFile) python(text string) (string, bool) {
	x, err := workflow.Compile(text)
	if err != nil {
		return "", false
	}
	if len(x.References) == 0 {
		if v, err := x.Evaluate(nil); err == nil {
			return python(v), true
		}
		return "", false
	}
	if len(x.References) != 1 || strings.Join(x.References[0].Path, ".") != x.Text {
		return "", false
	}
	return f.name(x.References[0].Path)
}

// name is what a name of the workflow is in the flow.
func (f *flowFile) name(path []string) (string, bool) {
	if step, output, ok := outputOf(path); ok {
		return fmt.Sprintf("self.out[%s][%s]", pythonText(step), pythonText(output)), true
	}
	if p := parameterOf(f.w, path); p != "" {
		return "self.p_" + identifier(p), true
	}
	switch {
	case len(path) == 1:
		return "self.items[" + pythonText(path[0]) + "]", true
	case path[0] == "workflow" && len(path) == 2 && path[1] == "name":
		return pythonText(f.w.Name), true
	}
	return "", false
}

// node writes the step of a node.
func (f *flowFile) node(n *workflow.Node, id, next string) {
	if n.Join.AtLeast > 0 {
		f.leave(n.Name, "it waits for all")
	}
	for _, e := range n.After {
		if e.When != "" {
			f.leave(n.Name, "its condition `%s` has no form there; the flow ends in it", e.When)
			f.add(id, false, nil, []string{"raise RuntimeError(\"only kaon decides whether this runs\")"}, "self."+next)
			return
		}
	}
	s := n.Step
	switch {
	case n.Loop != nil:
		f.leave(n.Name, "a loop has no form there; the flow ends in it")
		f.add(id, false, nil, []string{"raise RuntimeError(\"only kaon runs loops\")"}, "self."+next)
		return
	case s == nil:
		f.add(id, false, nil, []string{"pass"}, "self."+next)
		return
	}
	field := "steps." + s.Name
	before := f.computed
	text, values, ok := f.script(s, f.name)
	if !ok {
		f.leave(field, "a step of type %s runs in kaon only: it fails there", s.Type)
		text = refuse(s)
	}
	var env []string
	for _, v := range values {
		env = append(env, pythonText(v.name)+": "+v.text)
	}
	for _, all := range []map[string]string{f.w.Env, s.Env} {
		for _, name := range sortedKeys(all) {
			env = append(env, pythonText(name)+": "+f.text(all[name], field+".env."+name))
		}
	}
	if len(s.Inputs) > 0 {
		var inputs []string
		for _, in := range s.Inputs {
			inputs = append(inputs, pythonText(in.Name)+": "+f.tree(in.Value, field+".inputs."+in.Name))
		}
		env = append(env, `"KAON_PARAMS": {`+strings.Join(inputs, ", ")+"}")
	}
	if f.computed > before {
		text, env = refuseValues(s), nil
	}
	if image(s) != "" {
		f.leave(field+".image", "its command runs where the flow does")
	}
	code := fmt.Sprintf("self.out = {**self.out, %s: run(%s, {%s})}", pythonText(s.Name), pythonText(text),
		strings.Join(env, ", "))
	f.add(id, false, f.decorators(s), []string{code}, "self."+next)
}

// text is a template as a Python expression.
func (f *flowFile) text(template, field string) string {
	parts, err := workflow.Split(template)
	if err != nil {
		return pythonText(template)
	}
	var all []string
	for _, p := range parts {
		if p.Expr == "" {
			all = append(all, pythonText(p.Text))
			continue
		}
		if name, ok := strings.CutPrefix(p.Expr, "envvar:"); ok {
			all = append(all, "os.environ["+pythonText(name)+"]")
			continue
		}
		to, ok := f.python(p.Expr)
		if !ok {
			f.leave(field, "${%s} cannot be written there: the step fails", p.Expr)
			f.computed++
			to = "None"
		}
		all = append(all, to)
	}
	switch len(all) {
	case 0:
		return `""`
	case 1:
		return all[0]
	}
	for i := range all {
		all[i] = "str(" + all[i] + ")"
	}
	return strings.Join(all, " + ")
}

// tree is a value whose scalars are templates as a Python expression.
func (f *flowFile) tree(t *sweep.Tree, field string) string {
	var all []string
	switch {
	case t.List:
		for _, item := range t.Items {
			all = append(all, f.tree(item, field))
		}
		return "[" + strings.Join(all, ", ") + "]"
	case t.Mapping:
		for _, p := range t.Pairs {
			all = append(all, pythonText(p.Key.Text)+": "+f.tree(p.Value, field))
		}
		return "{" + strings.Join(all, ", ") + "}"
	case strings.Contains(t.Text, "${"):
		return f.text(t.Text, field)
	}
	v, err := workflow.ExpandTree(t, nil)
	if err != nil {
		return "None"
	}
	return python(v)
}

// decorators carry retries, timeout, resources and what a failure does.
func (f *flowFile) decorators(s *workflow.Step) (all []string) {
	field := "steps." + s.Name
	if s.OnFailure == workflow.Continue {
		f.leave(field+".on_failure", "the flow fails with it")
	}
	if r := s.Retry; r.Times > 0 {
		all = append(all, fmt.Sprintf("retry(times=%d, minutes_between_retries=%g)", r.Times, r.Backoff.Minutes()))
		if len(r.On) > 0 {
			f.leave(field+".retry.on", "it is tried again after failures of all kinds")
		}
	}
	if s.Timeout > 0 {
		all = append(all, fmt.Sprintf("timeout(seconds=%d)", int64(s.Timeout.Seconds())))
	}
	if s.Resources == nil {
		return all
	}
	r := sweep.NewTreeReader("", nil)
	need := r.Resources(s.Resources, "resources")
	if len(r.Problems()) > 0 {
		f.leave(field+".resources", "they are computed: it asks for none")
		return all
	}
	return slices.Concat(all, []string{fmt.Sprintf("resources(cpu=%d, memory=%d, gpu=%d)", (int64(need.CPUs)+999)/1000,
		int64(need.Mem)/1000, int64(need.GPUs)/1000)})
}
