package maestro

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// node carries what stands at a place.
func (r *reader) node(n *workflow.Node, kind, id string, step map[string]any) {
	field := "steps." + id
	out := map[string]any{}
	s := r.scopes[id]
	if kind == "step" || kind == "" {
		kind = strings.ToLower(text(step["type"]))
		if sub := text(step["sub_type"]); sub != "" {
			kind = strings.ToLower(sub)
		}
	}
	switch strings.ToLower(kind) {
	case "noop", "join":
	case "sleep":
		out["type"], out["for"] = "wait", r.expression(field, s, "sleep_seconds")
	case "foreach":
		r.each(n, field, step, s)
	case "while":
		r.fail(field, "a while changes its own parameters from round to round; write a loop over outputs: ++(until "+
			"= …, times = …)")
	case "subworkflow":
		r.sub(out, field, step, s)
	case "kubernetes", "titus":
		r.container(out, field, kind, s)
	case "shell":
		out["type"], out["command"] = "command", []any{"sh", "-c", r.expression(field, s, "script")}
	case "http":
		r.http(out, field, s)
	case "notebook":
		r.notebook(out, field, s)
	default:
		r.leave(field, "steps of type `%s` are not carried: it fails", kind)
		out["type"], out["command"] = "command",
			[]any{"sh", "-c", "echo \"$0\" >&2; exit 1", "steps of type " + kind + " are not carried"}
	}
	r.common(out, field, step)
	if out["type"] != nil {
		r.steps[n.Name] = out
	}
}

// expression is a parameter of a step as a value of a key.
func (r *reader) expression(field string, s *scope, name string) any {
	if _, ok := s.params[name]; !ok {
		r.fail(field, "it has no parameter `%s`", name)
		return nil
	}
	e, err := r.param(s, name)
	if err != nil {
		r.fail(field+"."+name, "%v", err)
		return nil
	}
	return template(e)
}

// template is an expression as the value of a key.
func template(e string) any {
	var v any
	if dec := json.NewDecoder(strings.NewReader(e)); e != "" && json.Valid([]byte(e)) {
		dec.UseNumber()
		if dec.Decode(&v) == nil {
			return literal(v)
		}
	}
	return "${" + e + "}"
}

// literal has no ${ that would be read here.
func literal(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "${", "$${")
	case []any:
		for i := range v {
			v[i] = literal(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = literal(v[k])
		}
	}
	return v
}

// each carries a foreach. Its body begins with a place of its name, so that what the for-each is called is known.
func (r *reader) each(n *workflow.Node, field string, step map[string]any, s *scope) {
	e := &workflow.Each{}
	s.own = map[string]bool{}
	loops := mapping(mapping(s.params["loop_params"])["value"])
	for _, name := range slices.Sorted(maps.Keys(loops)) {
		list, err := r.value(s, mapping(loops[name]))
		if err != nil {
			r.fail(field+".loop_params."+name, "%v", err)
		}
		const longest = 1000 // characters; a for-each within others stands in an expression of all of them
		if len(list) > longest && json.Valid([]byte(list)) {
			as := r.free(n.Name + "_" + name)
			r.lists[as] = map[string]any{"type": "list", "default": json.RawMessage(list)}
			list = "parameters." + as
		}
		e.Over = append(e.Over, workflow.Binding{Name: name, List: list})
	}
	for name := range loops {
		s.own[name] = true
	}
	if len(e.Over) == 0 {
		r.fail(field, "it has no loop_params")
	}
	if v, ok := step["concurrency"].(json.Number); ok {
		if c, err := v.Int64(); err == nil && c > 0 {
			e.Parallel = int(c)
		}
	}
	e.Ordered = step["strict_ordering"] == true
	list, _ := step["steps"].([]any)
	body := r.graph(list, s)
	head := &workflow.Node{Name: n.Name}
	for _, inner := range body.Nodes {
		for i := range inner.After {
			inner.After[i].From++
		}
		if len(inner.After) == 0 {
			inner.After = []workflow.Edge{{From: 0}}
		}
	}
	e.Body = &workflow.Graph{Nodes: append([]*workflow.Node{head}, body.Nodes...)}
	n.Name, n.Each = n.Name+".each", e
}

func (r *reader) sub(out map[string]any, field string, step map[string]any, s *scope) {
	id := text(mapping(s.params["subworkflow_id"])["value"])
	if id == "" || strings.ContainsAny(id, "/\\") {
		r.fail(field, "which workflow it runs is not known before it runs")
		return
	}
	out["type"], out["file"] = "workflow", id+".json"
	if step["sync"] == false {
		r.leave(field+".sync", "it is waited for")
	}
	given := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.params)) {
		if !strings.HasPrefix(name, "subworkflow_") {
			given[name] = r.expression(field, s, name)
		}
	}
	if len(given) > 0 {
		out["parameters"] = given
	}
	r.leave(field, "the newest %s.json beside this file is run, whatever version is meant", id)
}

// inner is the scope of a parameter that is a mapping of parameters.
func inner(s *scope, name string) *scope {
	return &scope{params: mapping(mapping(s.params[name])["value"]), outer: s}
}

func (r *reader) container(out map[string]any, field, kind string, s *scope) {
	in := inner(s, kind)
	out["type"], out["image"] = "docker", r.expression(field+"."+kind, in, "image")
	var words []any
	for _, name := range []string{"entrypoint", "command", "args"} {
		if _, ok := in.params[name]; !ok {
			continue
		}
		list, isList := mapping(in.params[name])["value"].([]any)
		for _, item := range list {
			e, err := r.literal(in, item)
			if err != nil {
				r.fail(field+"."+kind+"."+name, "%v", err)
			}
			words = append(words, template(e))
		}
		if !isList {
			words = append(words, "sh", "-c", r.expression(field+"."+kind, in, name))
		}
	}
	if words == nil {
		r.fail(field+"."+kind, "it has no command")
	}
	out["command"] = words
	if _, ok := in.params["env"]; ok {
		env := map[string]any{}
		for name, v := range mapping(mapping(in.params["env"])["value"]) {
			e, err := r.literal(in, v)
			if p := mapping(v); p != nil {
				e, err = r.value(in, p)
			}
			if err != nil {
				r.fail(field+".env."+name, "%v", err)
				continue
			}
			env[name] = fmt.Sprint(template(e))
		}
		out["env"] = env
	}
	resources := map[string]any{}
	for name, as := range map[string]string{"cpu": "cpus", "gpu": "gpus", "memory": "memory"} {
		if _, ok := in.params[name]; ok {
			if v := fmt.Sprint(r.expression(field+"."+kind, in, name)); name == "memory" && strings.HasSuffix(v, "i") {
				resources[as] = v + "B"
			} else {
				resources[as] = v
			}
		}
	}
	if len(resources) > 0 {
		out["resources"] = resources
	}
	for name := range in.params {
		if !slices.Contains([]string{"image", "entrypoint", "command", "args", "env", "cpu", "gpu", "memory",
			"app_name"}, name) {
			r.leave(field+"."+kind+"."+name, "")
		}
	}
}

func (r *reader) http(out map[string]any, field string, s *scope) {
	in := inner(s, "http")
	out["type"] = "http"
	for _, name := range slices.Sorted(maps.Keys(in.params)) {
		switch name {
		case "url", "method", "headers", "body":
			out[name] = r.expression(field+".http", in, name)
		default:
			r.leave(field+".http."+name, "")
		}
	}
}

func (r *reader) notebook(out map[string]any, field string, s *scope) {
	in := inner(s, "notebook")
	out["type"] = "notebook"
	file := r.expression(field+".notebook", in, "input_path")
	if out["file"] = file; strings.Contains(fmt.Sprint(file), "://") {
		r.fail(field+".notebook.input_path", "a notebook at an address is not fetched: put it beside this file")
	}
	for name := range in.params {
		if name != "input_path" {
			r.leave(field+".notebook."+name, "")
		}
	}
	given := map[string]any{}
	for name := range s.params {
		if name != "notebook" && name != "kubernetes" && name != "script" {
			given[name] = r.expression(field, s, name)
		}
	}
	if len(given) > 0 {
		out["parameters"] = given
	}
}

// common carries what steps of all types have.
func (r *reader) common(out map[string]any, field string, step map[string]any) {
	does := out["type"] != nil
	for _, key := range slices.Sorted(maps.Keys(step)) {
		switch v := step[key]; key {
		case "id", "type", "sub_type", "params", "transition", "signal_dependencies", "steps", "concurrency",
			"strict_ordering", "sync", "condition", "name":
		case "description":
			if does {
				out["description"] = text(v)
			}
		case "failure_mode":
			switch mode := strings.ToLower(text(v)); {
			case mode == "ignore_failure" && does:
				out["on_failure"] = "continue"
			case mode != "fail_after_running" && does:
				r.leave(field+".failure_mode", "%s: what runs goes on to its end", mode)
			}
		case "retry_policy":
			if does {
				r.retry(out, field, mapping(v))
			}
		case "timeout":
			if does {
				r.timeout(out, field+".timeout", v)
			}
		default:
			r.leave(field+"."+key, "")
		}
	}
}

func (r *reader) retry(out map[string]any, field string, policy map[string]any) {
	number := func(v any) (json.Number, bool) {
		n := json.Number(text(v))
		_, err := n.Int64()
		return n, err == nil
	}
	times, ok := number(policy["error_retry_limit"])
	if !ok {
		r.leave(field+".retry_policy", "")
		return
	}
	retry := map[string]any{"times": times}
	backoff := mapping(policy["backoff"])
	if first, ok := number(backoff["error_retry_backoff_in_secs"]); ok {
		retry["backoff"], retry["factor"] = string(first)+"s", 1
	} else if first, ok := number(backoff["error_retry_backoff_base_in_secs"]); ok {
		retry["backoff"] = string(first) + "s"
		if factor, ok := number(backoff["error_retry_exponent"]); ok {
			retry["factor"] = factor
		}
		if longest, ok := number(backoff["error_retry_limit_in_secs"]); ok {
			retry["longest"] = string(longest) + "s"
		}
	}
	out["retry"] = retry
}
