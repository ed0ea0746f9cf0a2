package export

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// dagFile writes a DAG file of Airflow, 2.10 or 3: a BashOperator for each step, a mapped task group for each for-each.
// What a step has written to $KAON_OUTPUT is its XCom.
type dagFile struct {
	leaving
	w    *workflow.Workflow
	b    strings.Builder
	ids  map[string]string // by step, its task id, with those of the groups that it is in
	deep map[string]int    // by step, the groups that it is in
}

const airflowHead = `import json
from datetime import timedelta

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, task, task_group
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task, task_group
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator


def step(task_id, command, **more):
    command = 'export KAON_OUTPUT=$(mktemp)\n{ ' + command + '\n} >&2 && { tr -d "\\n" < "$KAON_OUTPUT"; echo; }'
    return BashOperator(task_id=task_id, bash_command=command, append_env=True,
                        output_processor=lambda text: json.loads(text or "{}"), **more)

`

func airflow(w *workflow.Workflow) Export {
	f := &dagFile{w: w, ids: map[string]string{}, deep: map[string]int{}}
	f.literal = jinjaText
	f.common(w)
	// sla=, of scheduled tasks, is gone since 3.0
	f.promise(w, "; since Airflow 3.1 a DAG takes deadline=DeadlineAlert(…), with a callback of yours")
	f.number(w.Graph, "", 0)
	name := w.Name
	if name == "" {
		name = "workflow"
	}
	var params []string
	for _, p := range w.Parameters {
		value := python(p.Default)
		if p.Required {
			f.leave("parameters."+p.Name, "it is required, and None there when it is not given")
		}
		params = append(params, pythonText(p.Name)+": "+value)
	}
	options := ", params={" + strings.Join(params, ", ") + "}"
	if w.Parallel > 0 {
		options += fmt.Sprintf(", max_active_tasks=%d", w.Parallel)
	}
	if w.Timeout > 0 {
		options += fmt.Sprintf(", dagrun_timeout=timedelta(seconds=%d)", int64(w.Timeout.Seconds()))
	}
	fmt.Fprintf(&f.b, "\nwith DAG(dag_id=%s, schedule=None, render_template_as_native_obj=False%s):\n",
		pythonText(identifier(name)), options)
	f.graph(w.Graph, 1)
	if w.Finally != nil {
		f.number(w.Finally, "", 0)
		f.graph(w.Finally, 1)
		for _, n := range w.Finally.Nodes {
			if len(n.After) > 0 {
				continue
			}
			for _, last := range ends(w.Graph) {
				f.line(1, "%s >> %s", variable(last.Name), variable(n.Name))
			}
			f.line(1, "%s.trigger_rule = \"all_done\"", variable(n.Name))
		}
	}
	return Export{Text: commented(w, f.left) + airflowHead + f.b.String(), Left: f.left}
}

// ends are the nodes that nothing waits for.
func ends(g *workflow.Graph) (all []*workflow.Node) {
	waited := map[int]bool{}
	for _, n := range g.Nodes {
		for _, e := range n.After {
			waited[e.From] = true
		}
	}
	for i, n := range g.Nodes {
		if !waited[i] {
			all = append(all, n)
		}
	}
	return all
}

// number gives each step its task id.
func (f *dagFile) number(g *workflow.Graph, group string, deep int) {
	for _, n := range g.Nodes {
		f.ids[n.Name], f.deep[n.Name] = group+identifier(n.Name), deep
		if b := n.Body(); b != nil {
			f.number(b, group+identifier(n.Name)+".", deep+1)
		}
	}
}

func (f *dagFile) line(depth int, format string, args ...any) {
	f.b.WriteString(strings.TrimRight(strings.Repeat("    ", depth)+fmt.Sprintf(format, args...), " ") + "\n")
}

// variable is a name that Python takes, and that no word of the file is.
func variable(name string) string { return "t_" + identifier(name) }

func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}

// pythonText is a text as Python writes it; what JSON escapes, Python does.
func pythonText(s string) string { return strconv.QuoteToASCII(s) }

// python is a value as Python writes it.
func python(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return pythonText(v)
	case []any:
		items := make([]string, len(v))
		for i := range v {
			items[i] = python(v[i])
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		return "__import__(\"json\").loads(" + pythonText(workflow.TextOf(v)) + ")"
	}
	return workflow.TextOf(v)
}

// graph writes tasks, and then the edges between them.
func (f *dagFile) graph(g *workflow.Graph, depth int) {
	for _, n := range g.Nodes {
		f.node(n, depth)
	}
	for _, n := range g.Nodes {
		for _, e := range n.After {
			from := g.Nodes[e.From]
			if e.When == "" {
				f.line(depth, "%s >> %s", variable(from.Name), variable(n.Name))
				continue
			}
			f.gate(from, n, e.When, depth)
		}
	}
}

// gate writes a task that is skipped when a condition does not hold, and with it what follows.
func (f *dagFile) gate(from, to *workflow.Node, when string, depth int) {
	name := variable(from.Name + "_to_" + to.Name)
	text, ok := f.condition(when, from.Name)
	if !ok {
		f.leave(to.Name, "its condition `%s` cannot be written there: the run ends there instead", when)
		text = "1 / 0"
	}
	f.line(depth, "%s = BashOperator(task_id=%s, skip_on_exit_code=99, trigger_rule=\"none_failed_min_one_success\",",
		name, pythonText(identifier(from.Name+"_to_"+to.Name)))
	f.line(depth, "    bash_command=%s)", pythonText("{% if "+text+" %}exit 0{% else %}exit 99{% endif %}"))
	f.line(depth, "%s >> %s >> %s", variable(from.Name), name, variable(to.Name))
}

// rule says when a task may start, as a join of kaon does.
func (f *dagFile) rule(n *workflow.Node) string {
	switch {
	case n.Join.AtLeast == 1:
		return "one_success"
	case n.Join.AtLeast > 1:
		f.leave(n.Name, "it waits for all, not for %d", n.Join.AtLeast)
	}
	return "none_failed_min_one_success"
}

func (f *dagFile) node(n *workflow.Node, depth int) {
	name := variable(n.Name)
	switch {
	case n.Step != nil:
		f.step(n, depth)
	case n.Each != nil:
		f.each(n, depth)
	case n.Loop != nil:
		f.leave(n.Name, "a loop has no form in a DAG of Airflow; it fails there")
		f.line(depth, "%s = step(%s, \"exit 64\")", name, pythonText(identifier(n.Name)))
	default:
		f.line(depth, "%s = EmptyOperator(task_id=%s, trigger_rule=%s)", name, pythonText(identifier(n.Name)),
			pythonText(f.rule(n)))
	}
}

// each writes a task group, and maps it over the items: as they are then, or as they are by default.
func (f *dagFile) each(n *workflow.Node, depth int) {
	e := n.Each
	group := "g_" + identifier(n.Name)
	var names []string
	for _, b := range e.Over {
		names = append(names, "v_"+b.Name)
	}
	f.line(depth, "@task_group(group_id=%s)", pythonText(identifier(n.Name)))
	f.line(depth, "def %s(%s):", group, strings.Join(names, ", "))
	f.graph(e.Body, depth+1)
	f.line(depth, "")
	if e.Parallel > 0 || e.Ordered {
		f.leave(n.Name, "the bound on its iterations holds for the whole DAG there: set max_active_tis_per_dagrun")
	}
	if e.Tolerate > 0 {
		f.leave(n.Name, "an iteration that fails fails what follows")
	}
	if f.deep[n.Name] > 0 {
		f.leave(n.Name, "a for-each within another has no form in Airflow; loading the file fails")
	}
	if !e.Zipped {
		var lists []string
		for _, b := range e.Over {
			list, ok := f.list(n, b, depth)
			if !ok {
				lists = nil
				break
			}
			lists = append(lists, "v_"+b.Name+"="+list)
		}
		if lists != nil {
			f.line(depth, "%s = %s.expand(%s)", variable(n.Name), group, strings.Join(lists, ", "))
			return
		}
	}
	all, ok := items(f.w, e)
	if !ok {
		f.leave(n.Name, "its lists are computed when it is reached; it fails there")
		f.line(depth, "%s = step(%s, \"exit 64\")", variable(n.Name), pythonText(identifier(n.Name)+"_list"))
		return
	}
	f.leave(n.Name, "its items are those of the parameters' defaults, whatever a run is given")
	var rows []string
	for _, item := range all {
		var one []string
		for _, b := range e.Over {
			one = append(one, pythonText("v_"+b.Name)+": "+pythonText(workflow.TextOf(item[b.Name])))
		}
		rows = append(rows, "{"+strings.Join(one, ", ")+"}")
	}
	f.line(depth, "%s = %s.expand_kwargs([%s])", variable(n.Name), group, strings.Join(rows, ", "))
}

// list is a list that is known only in the run, as a task that answers with it.
func (f *dagFile) list(n *workflow.Node, b workflow.Binding, depth int) (string, bool) {
	x, err := workflow.Compile(b.List)
	if err != nil || len(x.References) != 1 || strings.Join(x.References[0].Path, ".") != x.Text {
		return "", false
	}
	path := x.References[0].Path
	name := "l_" + identifier(n.Name) + "_" + b.Name
	from := ""
	if step, output, ok := outputOf(path); ok && f.deep[step] == 0 {
		from = fmt.Sprintf("context[\"ti\"].xcom_pull(task_ids=%s)[%s]", pythonText(f.ids[step]), pythonText(output))
	} else if p := parameterOf(f.w, path); p != "" {
		from = fmt.Sprintf("context[\"params\"][%s]", pythonText(p))
	} else {
		return "", false
	}
	f.line(depth, "@task(task_id=%s)", pythonText(name))
	f.line(depth, "def %s(**context):", name)
	f.line(depth+1, "return [x if isinstance(x, str) else json.dumps(x) for x in %s]", from)
	f.line(depth, "")
	f.line(depth, "%s_list = %s()", name, name)
	if step, _, ok := outputOf(path); ok {
		f.line(depth, "%s >> %s_list", variable(step), name)
	}
	return name + "_list", true
}
