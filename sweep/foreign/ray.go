package foreign

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// rayCall is a domain of Ray Tune as it is written: tune.uniform(0, 1).
var rayCall = regexp.MustCompile(`^(?:ray\.)?tune\.(\w+)\(([\s\S]*)\)$`)

// rayKeyword is the name of the one argument that choices have.
var rayKeyword = regexp.MustCompile(`^\s*(categories|values)\s*=`)

// isRay tells a search space of Ray Tune: a mapping with domains, or a tuner's settings with one.
func isRay(root *sweep.Tree) bool {
	if root == nil || ours(root) {
		return false
	}
	space := root
	if s := root.Get("param_space"); s != nil {
		space = s
	}
	return slices.ContainsFunc(space.Pairs, func(p sweep.TreePair) bool { return isRayDomain(p.Value) })
}

func isRayDomain(v *sweep.Tree) bool {
	return v.Mapping && len(v.Pairs) == 1 && v.Get("grid_search") != nil ||
		!v.Mapping && !v.List && rayCall.MatchString(v.Text)
}

// The searches of Ray Tune by the shape of the space.
const (
	rayGrid   = "of values alone: all of them, as grid_search has it"
	rayRandom = "Ray Tune's own choice of a search"
)

// ray reads a search space of Ray Tune.
func ray(r *reading, root *sweep.Tree) {
	space, top := root, r.object(root, "")
	wrapped := root.Get("param_space") != nil
	if wrapped {
		space = top.get("param_space")
	}
	drawn := rayDrawn(space)
	r.space.put(space, "parameters:")
	rayGroup(r, space, "", "  ", drawn)
	method, why := "grid", rayGrid
	if drawn {
		method, why = "random", rayRandom
	}
	spaceHead(r, root, method, why)
	if wrapped {
		rayConfig(r, top.object("tune_config"), drawn)
		top.idle("run_config", "trainable")
		top.rest("it is not carried")
	}
	spaceProgram(r, root)
}

// rayDrawn tells whether a space has a domain whose values are drawn.
func rayDrawn(t *sweep.Tree) bool {
	if m := rayCall.FindStringSubmatch(t.Text); m != nil && !t.Mapping && !t.List {
		return m[1] != "grid_search"
	}
	return slices.ContainsFunc(t.Pairs, func(p sweep.TreePair) bool { return rayDrawn(p.Value) })
}

// rayConfig takes what a tuner's settings say of the search.
func rayConfig(r *reading, o *object, drawn bool) {
	metric, mode := o.get("metric"), o.text("mode")
	if metric != nil {
		goal := map[string]string{"": "minimize", "min": "minimize", "max": "maximize"}[mode]
		if goal == "" {
			r.refuse(o.get("mode"), o.at("mode"), "the mode is `min` or `max`")
		}
		last := len(r.head.lines) - 1 // the place for the metric, which is known
		r.head.lines, r.head.from = r.head.lines[:last-1], r.head.from[:last-1]
		r.head.put(metric, "metric: {name: %s, goal: %s}", quote(metric.Text), goal)
	}
	switch n, at := o.whole("num_samples"); {
	case at == nil || n < 1:
	case drawn:
		r.tail.put(at, "run_cap: %d", n)
	case n > 1:
		r.tail.note("", "samples of a grid are repeats of it")
		r.tail.put(at, "repeat: {trials: %d}", n)
	}
	if n, at := o.whole("max_concurrent_trials"); at != nil && n > 0 {
		r.tail.put(at, "limits: {parallel: %d}", n)
	}
	for _, key := range []string{"search_alg", "scheduler"} {
		if v := o.get(key); v != nil {
			r.leave(v, o.at(key), "it is not carried: kaon has `method` and `early_terminate`",
				"as if it were not there")
		}
	}
	o.rest("it is not carried")
}

// rayGroup writes the parameters of a mapping; those within it are groups.
func rayGroup(r *reading, t *sweep.Tree, path, indent string, drawn bool) {
	for _, p := range t.Pairs {
		at := strings.TrimPrefix(path+"."+p.Key.Text, ".")
		v := p.Value
		text := ""
		switch {
		case v.Mapping && len(v.Pairs) == 1 && v.Get("grid_search") != nil:
			values := v.Get("grid_search")
			if !values.List || len(values.Items) == 0 {
				r.refuse(v, at, "`grid_search` has a list of values")
				continue
			}
			if i := slices.IndexFunc(values.Items, isPython); i >= 0 {
				r.refuse(values.Items[i], at, "`"+clipped(values.Items[i].Text)+
					"` is Python, and no value here: write it as YAML, or in quotes if it is text")
				continue
			}
			if r.rayListed(values, at) {
				continue
			}
			text = "{values: " + source(values) + "}"
		case v.Mapping && len(v.Pairs) > 0:
			r.space.put(p.Key, "%s%s:", indent, quote(p.Key.Text))
			r.space.put(p.Key, "%s  parameters:", indent)
			rayGroup(r, v, at, indent+"    ", drawn)
			continue
		case !v.Mapping && !v.List && rayCall.MatchString(v.Text):
			if !r.room(p.Key, v.Text) {
				return
			}
			m := rayCall.FindStringSubmatch(v.Text)
			var why string
			if text, why = rayDomain(m[1], m[2]); why != "" {
				r.refuse(v, at, why)
				continue
			}
		default:
			if r.rayListed(v, at) {
				continue
			}
			text = "{value: " + source(v) + "}"
		}
		if drawn && strings.Contains(v.Text, "grid_search") || drawn && v.Get("grid_search") != nil {
			r.leave(v, at, "`grid_search` beside domains that are drawn is not carried", "its values are drawn as well")
		}
		r.space.put(p.Key, "%s%s: %s", indent, quote(p.Key.Text), text)
	}
}

// rayListed refuses a list that has a domain in it, at any depth; it tells whether that is so.
func (r *reading) rayListed(v *sweep.Tree, at string) bool {
	inner := slices.Clone(v.Items)
	for _, p := range v.Pairs {
		inner = append(inner, p.Value)
	}
	for _, item := range inner {
		if isRayDomain(item) {
			r.refuse(item, at, "a domain within a list is not carried: "+
				"give it a name of its own, and have the program make the list")
			return true
		}
		if r.rayListed(item, at) {
			return true
		}
	}
	return false
}

// isPython tells a text without quotes that means something else to Python: a part of a tuple or an expression, or
// None.
func isPython(v *sweep.Tree) bool {
	return !v.List && !v.Mapping && v.Plain && (v.Text == "None" || strings.ContainsAny(v.Text, "()"))
}

// rayShapes are Ray Tune's domains of numbers: ours, and the keys of their arguments.
var rayShapes = map[string][]string{
	"uniform": {"uniform", "min", "max"}, "quniform": {"q_uniform", "min", "max", "q"},
	"loguniform":  {"log_uniform_values", "min", "max"},
	"qloguniform": {"q_log_uniform_values", "min", "max", "q"}, "randn": {"normal", "mu", "sigma"},
	"qrandn":  {"q_normal", "mu", "sigma", "q"},
	"randint": {"int_uniform", "min", "max"}, "qrandint": {"q_uniform", "min", "max", "q"},
	"lograndint":  {"q_log_uniform_values", "min", "max"},
	"qlograndint": {"q_log_uniform_values", "min", "max", "q"},
}

// rayDomain is a domain as a parameter, or why it is none.
func rayDomain(name, args string) (text, why string) {
	if name == "choice" || name == "grid_search" {
		values, rest, list, ok := pythonValue(rayKeyword.ReplaceAllString(args, ""), 0)
		rest = strings.TrimPrefix(strings.TrimSpace(rest), ",")
		switch {
		case strings.TrimSpace(args) == "" || ok && (!list || values == "[]"):
			return "", "`" + name + "` has a list of values"
		case !ok || strings.TrimSpace(rest) != "":
			return "", "`" + name + "` has a list of numbers, texts in quotes, True, False, None, and of lists, " +
				"tuples and dicts of them, which this is not: " +
				clipped(strings.TrimSpace(rest))
		}
		return "{values: " + values + "}", ""
	}
	list, err := sweep.ReadAnyTree("", []byte("["+strings.ReplaceAll(args, "\n", " ")+"]"))
	if err != nil || !list.List {
		return "", "its arguments cannot be read: " + clipped(args)
	}
	shape := rayShapes[name]
	if shape == nil {
		return "", fmt.Sprintf("kaon has no `tune.%s`", clipped(name))
	}
	var numbers []float64
	for _, item := range list.Items {
		_, value, named := strings.Cut(item.Text, "=")
		if !named {
			value = item.Text
		}
		v, ok := finite(value)
		if !ok || item.List || item.Mapping || named {
			return "", "its arguments are to be numbers, without their names: " + clipped(args)
		}
		numbers = append(numbers, v)
	}
	keys := shape[1:]
	if name == "randn" && len(numbers) == 0 {
		numbers = []float64{0, 1}
	}
	if strings.Contains(name, "log") && len(numbers) == len(keys)+1 {
		numbers = numbers[:len(keys)] // the base, which changes nothing
	}
	if len(numbers) != len(keys) {
		return "", fmt.Sprintf("`tune.%s` has %d numbers", name, len(keys))
	}
	write := float
	if strings.HasSuffix(name, "int") {
		write = number
		if !strings.HasPrefix(name, "q") {
			numbers[1]-- // the upper bound is none of the values
		}
	}
	text = "{distribution: " + shape[0]
	for i, v := range numbers {
		text += ", " + keys[i] + ": " + write(v)
	}
	if name == "lograndint" {
		text += ", q: 1"
	}
	return text + "}", ""
}
