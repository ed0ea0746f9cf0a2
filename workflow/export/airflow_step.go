package export

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"github.com/kaon-sweep/kaon/workflow"
)

// step writes the task of a step. Items of a for-each are not in its template: they come to it as variables.
func (f *dagFile) step(n *workflow.Node, depth int) {
	s := n.Step
	field := "steps." + s.Name
	if image(s) != "" {
		f.leave(field+".image", "its command runs where the worker does")
	}
	var env []string
	of := func(path []string) (string, bool) {
		inner, ok := f.jinja(path, s.Name)
		return "{{ " + inner + " }}", ok
	}
	asJSON := func(path []string) (string, bool) {
		inner, ok := f.jinja(path, s.Name)
		return "{{ (" + inner + ") | tojson }}", ok
	}
	before := f.computed
	text, values, ok := f.script(s, func(path []string) (string, bool) {
		if len(path) == 1 && parameterOf(f.w, path) == "" {
			return "v_" + path[0], true // an item of a for-each comes as an argument
		}
		return of(path)
	})
	if !ok {
		f.leave(field, "a step of type %s runs in kaon only: it fails there", s.Type)
		text = refuse(s)
	}
	text = jinjaText(text, "")
	for _, v := range values {
		if strings.HasPrefix(v.text, "v_") {
			env = append(env, pythonText(v.name)+": "+v.text)
		} else {
			env = append(env, pythonText(v.name)+": "+pythonText(v.text))
		}
	}
	for _, all := range []map[string]string{f.w.Env, s.Env} {
		for _, name := range sortedKeys(all) {
			env = append(env, pythonText(name)+": "+pythonText(f.replaced(all[name], field+".env."+name, of)))
		}
	}
	if len(s.Inputs) > 0 {
		env = append(env, `"KAON_PARAMS": `+pythonText(f.replaced(inputs(s), field+".inputs", asJSON)))
	}
	if f.computed > before {
		text = refuseValues(s)
	}
	more := ""
	if len(env) > 0 {
		more += ", env={" + strings.Join(env, ", ") + "}"
	}
	if r := s.Retry; r.Times > 0 {
		more += fmt.Sprintf(", retries=%d, retry_delay=timedelta(seconds=%g)", r.Times, r.Backoff.Seconds())
		if r.Factor > 1 {
			more += ", retry_exponential_backoff=True"
		}
		if len(r.On) > 0 {
			f.leave(field+".retry.on", "it is tried again after failures of all kinds")
		}
	}
	if s.Timeout > 0 {
		more += fmt.Sprintf(", execution_timeout=timedelta(seconds=%d)", int64(s.Timeout.Seconds()))
	}
	if s.OnFailure == workflow.Continue {
		f.leave(field+".on_failure", "what follows does not go on when it fails")
	}
	if s.Resources != nil {
		f.leave(field+".resources", "they are the worker's")
	}
	f.line(depth, "%s = step(%s, %s, trigger_rule=%s%s)", variable(n.Name), pythonText(identifier(n.Name)),
		pythonText(text), pythonText(f.rule(n)), more)
}

// jinjaText is a text that Airflow's templates leave as it is.
func jinjaText(text, _ string) string {
	return strings.NewReplacer("{{", "{{ '{{' }}", "{%", "{{ '{%' }}", "{#", "{{ '{#' }}").Replace(text)
}

// jinja is a name in Airflow's templates, as a step sees it: of a step in the same iteration its own, of those in
// iterations the list.
func (f *dagFile) jinja(path []string, seenBy string) (string, bool) {
	if step, output, ok := outputOf(path); ok && f.ids[step] != "" {
		pull := fmt.Sprintf("ti.xcom_pull(task_ids='%s')", f.ids[step])
		switch group := groupOf(f.ids[step]); {
		case group != "" && group == groupOf(f.ids[seenBy]):
			return fmt.Sprintf("ti.xcom_pull(task_ids='%s', map_indexes=ti.map_index)['%s']", f.ids[step], output), true
		case group != "":
			return fmt.Sprintf("%s | map(attribute='%s') | list", pull, output), true
		}
		return fmt.Sprintf("%s['%s']", pull, output), true
	}
	if p := parameterOf(f.w, path); p != "" {
		return "params." + p, true
	}
	if path[0] == "workflow" && len(path) == 2 {
		return map[string]string{"name": "dag.dag_id", "run": "run_id", "status": "dag_run.state"}[path[1]], true
	}
	return "", false
}

// groupOf is the task group that a task id is in; "": none.
func groupOf(id string) string { return id[:max(0, strings.LastIndexByte(id, '.'))] }

// condition is an expression in Jinja's, which are Python's; not ok: it has what these have not.
func (f *dagFile) condition(text, seenBy string) (string, bool) {
	tree, err := parser.Parse(text)
	if err != nil {
		return "", false
	}
	ok := true
	var write func(n ast.Node) string
	write = func(n ast.Node) string {
		switch n := n.(type) {
		case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
			return n.String()
		case *ast.StringNode:
			return pythonText(n.Value)
		case *ast.UnaryNode:
			switch n.Operator {
			case "!", "not":
				return "(not " + write(n.Node) + ")"
			case "-", "+":
				return "(" + n.Operator + write(n.Node) + ")"
			}
		case *ast.BinaryNode:
			operator := n.Operator
			switch operator {
			case "&&":
				operator = "and"
			case "||":
				operator = "or"
			case "==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "and", "or", "in":
			default:
				ok = false
			}
			return "(" + write(n.Left) + " " + operator + " " + write(n.Right) + ")"
		case *ast.IdentifierNode, *ast.MemberNode:
			if to, known := f.jinja(strings.Split(n.String(), "."), seenBy); known {
				return "(" + to + ")"
			}
		}
		ok = false
		return ""
	}
	out := write(tree.Node)
	return out, ok
}
