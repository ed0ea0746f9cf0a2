package sweep

import (
	"fmt"
	"slices"
	"strings"
)

// Words of other tools for a kind of parameter, and what it is here without and with a logarithmic scale.
var parameterTypes = map[string][2]string{
	"float": {"uniform", "log_uniform_values"}, "double": {"uniform", "log_uniform_values"},
	"real": {"uniform", "log_uniform_values"}, "continuous": {"uniform", "log_uniform_values"},
	"range": {"", "log_uniform_values"}, "uniform": {"uniform", "log_uniform_values"},
	"loguniform": {"log_uniform_values", "log_uniform_values"}, "log_uniform": {"log_uniform", "log_uniform"},
	"int": {"int_uniform", "q_log_uniform_values"}, "integer": {"int_uniform", "q_log_uniform_values"},
	"randint":     {"int_uniform", "q_log_uniform_values"},
	"uniform_int": {"int_uniform", "q_log_uniform_values"},
	"categorical": {"", ""}, "choice": {"", ""}, "ordinal": {"", ""}, "discrete": {"", ""}, "fixed": {"", ""},
	"constant": {"", ""},
}

// translated writes a parameter in the words of other tools as kaon has it; "": it is not known how.
func (d *decoder) translated(n *node) string {
	var keep []string
	kind, log, step := "", false, false
	for _, p := range n.pairs {
		switch key := strings.ToLower(p.key.text); key {
		case "type", "dist", "distribution", "kind", "parametertype":
			kind = strings.ToLower(p.value.text)
		case "log", "log_scale", "logscale", "scale":
			log = slices.Contains([]string{"true", "log", "yes", "True", "loguniform"}, p.value.text)
			if key == "scale" && !log {
				return ""
			}
		case "range", "bounds", "domain", "limits", "interval":
			if len(p.value.items) != 2 {
				return ""
			}
			keep = append(keep, "min: "+p.value.items[0].source(), "max: "+p.value.items[1].source())
		default:
			name, known := strings.CutPrefix(otherNames["parameter"][key], "`")
			name = strings.TrimSuffix(name, "`")
			if slices.Contains(keys["parameter"], p.key.text) {
				name, known = p.key.text, true
			}
			if !known {
				return ""
			}
			if name == "value" && p.value.kind == list {
				name = "values"
			}
			step = step || name == "q"
			keep = append(keep, name+": "+p.value.source())
		}
	}
	here := kind
	if ours, known := parameterTypes[kind]; known {
		here = ours[0]
		if log {
			here = ours[1]
		}
	} else if kind == "" && log {
		here = "log_uniform_values"
	}
	if step && (here == "uniform" || here == "int_uniform" || here == "") {
		here = "q_uniform"
	}
	if here != "" {
		keep = append([]string{"distribution: " + here}, keep...)
	}
	text := "{" + strings.Join(keep, ", ") + "}"
	if len(text) > 200 {
		return ""
	}
	spec := "method: random\nrun_cap: 1\nprogram: x\nparameters: {p: " + text + "}\n"
	if len(d.decodeText("", []byte(spec), options{}).problems) > 0 {
		return ""
	}
	return text
}

// otherKeys refuses the unknown keys of a parameter by one error, and says whether there were any.
func (d *decoder) otherKeys(p pair, field string) bool {
	n := p.value
	var unknown []pair
	for _, q := range n.pairs {
		if !slices.Contains(keys["parameter"], q.key.text) {
			unknown = append(unknown, q)
		}
	}
	if len(unknown) == 0 {
		return false
	}
	if d.decimalComma(n, field) {
		return true
	}
	first := unknown[0]
	one := len(unknown) == 1
	if values := n.get("values"); values != nil && values.kind == scalar &&
		!slices.ContainsFunc(unknown, func(q pair) bool { return !q.value.null }) {
		items := []string{values.source()}
		for _, q := range unknown {
			items = append(items, q.key.text)
		}
		if strings.Contains(values.text, "(") {
			d.fail(values, field+".values", "a list is needed: a spec is data and calls nothing",
				"write values: [1, 2, 3], or instead of values min: 1, max: 10")
			return true
		}
		d.fail(values, field+".values", "a list is needed; within braces a comma ends the value",
			"write values: ["+strings.Join(items, ", ")+"]")
		return true
	}
	text := ""
	plain := strings.HasPrefix(otherName("parameter", first.key.text), "write `") &&
		strings.Count(otherName("parameter", first.key.text), " ") == 1
	if !one || !plain || suggestKey("parameter", first.key.text) == "q" ||
		slices.Contains([]string{"type", "dist", "kind"}, strings.ToLower(first.key.text)) {
		text = d.translated(n)
	}
	const most = 20 // that are named
	more := ""
	if len(unknown) > most {
		more = fmt.Sprintf(" and %d more", len(unknown)-most)
		unknown = unknown[:most]
	}
	names := make([]string, len(unknown))
	for i, q := range unknown {
		names[i] = short(q.key.text)
	}
	problem := fmt.Sprintf("unknown key `%s`", names[0])
	if one && suggestKey("parameter", first.key.text) == "q" && text != "" {
		problem += ": a step is `q`, of a distribution that takes it"
	}
	at := join(field, first.key.text)
	if !one {
		problem, at = "unknown keys "+strings.ReplaceAll(quoted(names), " or ", " and ")+more, field
	}
	remedy := unknownKey("parameter", first.key.text)
	switch {
	case text != "":
		remedy = fmt.Sprintf("write `%s: %s`", short(p.key.text), text)
	case !one:
		var each []string
		for _, q := range unknown {
			if s := suggestKey("parameter", q.key.text); s != "" {
				each = append(each, "`"+s+"` for `"+short(q.key.text)+"`")
			}
		}
		if len(each) > 0 {
			remedy = "write " + strings.Join(each, ", ")
		}
	}
	d.fail(first.key, at, problem, remedy)
	return true
}

// suggestKey is the known key that an unknown one likely stands for, or "".
func suggestKey(section, name string) string {
	if other, ok := strings.CutPrefix(otherName(section, name), "write `"); ok {
		return strings.TrimSuffix(other, "`")
	}
	return suggest(name, keys[section])
}

// tools tells files of other tools by a key at the top.
var tools = []struct{ keys, what string }{
	{"hydra defaults", "a configuration of Hydra"}, {"services volumes", "a file of Docker Compose"},
	{"jobs on", "a workflow of GitHub"}, {"channels dependencies", "an environment of conda"},
	{"spec metadata", "an object of Kubernetes"}, {"stages script", "a pipeline of CI"},
	{"model trainer data dataset optimizer training", "a configuration of a program"},
}

// notASweep refuses a file that has nothing of a sweep by one sentence.
func (d *decoder) notASweep(root *node) bool {
	if d.options.winner || d.misspelt(root, "method", "parameters", "command", "program") {
		return false
	}
	stranger := pair{}
	for _, p := range root.pairs {
		switch {
		case slices.Contains([]string{"method", "parameters", "command", "program", "metric", "metrics",
			"run_cap", "then", "task", "early_terminate"}, p.key.text):
			return false
		case stranger.key == nil && !slices.Contains(keys[""], p.key.text):
			stranger = p
		}
	}
	if stranger.key == nil {
		return false
	}
	isParameter := func(p pair) bool {
		return p.value.kind == mapping &&
			slices.ContainsFunc(p.value.pairs,
				func(q pair) bool { return slices.Contains(keys["parameter"], q.key.text) })
	}
	if !slices.ContainsFunc(root.pairs, func(p pair) bool { return !isParameter(p) }) {
		d.fail(root, "", "this does not look like a sweep file: it holds parameters alone",
			"write `parameters:` above them and indent them by two blanks; add `method: random` and "+
				"`program: train.py` at the left margin")
		return true
	}
	what := ""
	for _, t := range tools {
		for _, key := range strings.Fields(t.keys) {
			if what == "" && root.get(key) != nil {
				what = "; it looks like " + t.what
			}
		}
	}
	remedy := "give the path of a sweep file: it has `method`, `parameters`, and a `program` or `command`"
	if strings.Contains(what, "Hydra") || strings.Contains(what, "a program") {
		remedy += `, as in: method: random, program: train.py, parameters: {lr: {min: 0.0, max: 1.0}}`
	}
	if strings.Contains(what, "Hydra") {
		remedy += `; for a program that uses Hydra the command is ` +
			`["${env}", "${interpreter}", "${program}", "${args_override_hydra}"]`
	}
	d.fail(stranger.key, "",
		"this does not look like a sweep file: it has no `method`, `parameters`, `program` or `command`"+what,
		remedy)
	return true
}

// metricOf reads {loss: minimize} and [loss, acc], in which people name the metric; the remedy, or "".
func metricOf(n *node) string {
	switch {
	case n.kind == list && len(n.items) > 0:
		names := make([]string, len(n.items))
		for i, item := range n.items {
			names[i] = item.source()
		}
		if len(names) == 1 {
			return "write `metric: " + names[0] + "`"
		}
		return "write `metric: " + names[0] + "` for the one that decides, and `metrics: [" +
			strings.Join(names[1:], ", ") + "]` for what is recorded besides"
	case n.kind == mapping && len(n.pairs) == 1 && n.pairs[0].value.kind == scalar &&
		!slices.Contains(keys["metric"], n.pairs[0].key.text):
		goal := n.pairs[0].value.text
		if here, ok := strings.CutPrefix(otherName("goal", goal), "write `"); ok {
			goal = strings.TrimSuffix(here, "`")
		}
		if goal == string(Minimize) || goal == string(Maximize) {
			return fmt.Sprintf("write `metric: {name: %s, goal: %s}`", short(n.pairs[0].key.text), goal)
		}
	}
	return ""
}

// decimalComma refuses {max: 1,5}, in which the comma ends the value and 5 is a key.
func (d *decoder) decimalComma(n *node, field string) bool {
	for i, p := range n.pairs {
		if i == 0 || !p.value.null || strings.Trim(p.key.text, "0123456789") != "" {
			continue
		}
		before := n.pairs[i-1]
		if number := before.value.text + "." + p.key.text; before.value.kind == scalar &&
			slices.Contains([]string{"min", "max", "mu", "sigma", "q", "a", "b"}, before.key.text) &&
			isInteger(before.value) {
			d.fail(before.value, join(field, before.key.text),
				"a comma ends the value: a fraction has a decimal point",
				fmt.Sprintf("write `%s: %s`", before.key.text, number))
			return true
		}
	}
	return false
}
