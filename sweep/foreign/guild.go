package foreign

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// isGuildFile tells by its name whether a file is a project's of Guild AI.
func isGuildFile(file string) bool {
	base := filepath.Base(file)
	return base == "guild.yml" || base == "guild.yaml"
}

func mayBeGuild(file string, src []byte) bool {
	return isGuildFile(file) || bytes.Contains(src, []byte("operations:"))
}

// isGuild tells a project of Guild's: a list of models and configurations, or by its name a mapping of operations.
func isGuild(file string, root *sweep.Tree) bool {
	if root == nil {
		return false
	}
	if !root.List {
		return root.Mapping && isGuildFile(file)
	}
	return slices.ContainsFunc(root.Items, func(item *sweep.Tree) bool { return item.Get("operations") != nil })
}

// guildOperation is an operation of a project, and the project's configurations.
type guildOperation struct {
	name    *sweep.Tree
	model   string      // empty: it has none
	of      *sweep.Tree // what stands behind the name
	configs map[string]*sweep.Tree
}

// called is the operation's whole name.
func (o guildOperation) called() string {
	if o.model == "" {
		return o.name.Text
	}
	return o.model + ":" + o.name.Text
}

// guildNames are the names of operations, for the middle of a sentence.
func guildNames(all []guildOperation) string {
	const most = 10
	var names []string
	for _, one := range all {
		if len(names) == most {
			return strings.Join(names, ", ") + ", …"
		}
		names = append(names, clipped(one.called()))
	}
	return strings.Join(names, ", ")
}

// guild reads one operation of a project of Guild AI.
func guild(r *reading, root *sweep.Tree, options Options) {
	op, ok := guildChoice(r, root, options.Operation)
	if !ok {
		return
	}
	r.head.put(op.name, "name: %s", quote(guildName(op.name.Text)))
	if !op.of.Mapping {
		op.of = &sweep.Tree{Mapping: true, Line: op.of.Line, Column: op.of.Column,
			Pairs: []sweep.TreePair{{Key: &sweep.Tree{Text: "main", Line: op.of.Line, Column: op.of.Column},
				Value: op.of}}}
	}
	o := r.object(op.of, op.name.Text)
	count, ranges, several := guildFlags(r, o, op.configs)
	arguments := "${args}"
	if count == 0 && !options.Typed {
		arguments = ""
		r.space.note("  ", "no flag has a value: as with Guild the program runs once, without any")
		r.space.put(o.nearest(), "  run: {value: 1}")
	}
	guildSearch(r, o, ranges)
	guildCommand(r, o, arguments)
	guildTask(r, o)
	if !several {
		r.space.note("  ", "no flag has several values: set some by --set 'parameters.NAME={values: [1, 2]}', or here")
	}
	o.idle("description", "label", "tags", "compare", "sourcecode", "default", "flags-import", "flags-import-skip",
		"plugins", "disable-plugins",
		"pip-freeze", "run-attrs", "can-stage-trials", "python-requires", "set-trace", "delete-on-success", "stoppable",
		"style", "default-max-trials")
	o.rest("it is not carried")
}

// guildName is a name of an operation as that of a sweep.
func guildName(s string) string {
	return strings.Trim(regexp.MustCompile(`[^A-Za-z0-9_-]+`).ReplaceAllString(s, "-"), "-")
}

// guildOperations are all operations of a project.
func guildOperations(root *sweep.Tree) (all []guildOperation) {
	configs := map[string]*sweep.Tree{}
	add := func(operations *sweep.Tree, model string) {
		if operations == nil {
			return
		}
		for _, p := range operations.Pairs {
			all = append(all, guildOperation{p.Key, model, p.Value, configs})
		}
	}
	if root.Mapping {
		add(root, "")
	}
	for _, item := range root.Items {
		if name := item.Get("config"); name != nil {
			configs[name.Text] = item
			continue
		}
		model := ""
		if m := item.Get("model"); m != nil {
			model = m.Text
		}
		add(item.Get("operations"), model)
	}
	return all
}

// guildChoice finds the operation: the one that the user named, the only one with flags that vary, the default one, the
// only one.
func guildChoice(r *reading, root *sweep.Tree, chosen string) (op guildOperation, ok bool) {
	all := guildOperations(root)
	if len(all) == 0 {
		r.refuse(&sweep.Tree{Line: 1, Column: 1, Mapping: true}, "operations", "the project has no operation")
		return op, false
	}
	if chosen != "" {
		return guildNamed(r, all, chosen)
	}
	some := func(which func(guildOperation) bool) (out []guildOperation) {
		for _, one := range all {
			if which(one) {
				out = append(out, one)
			}
		}
		return out
	}
	varied := some(func(o guildOperation) bool { return guildVaries(o.of.Get("flags")) })
	defaults := some(func(o guildOperation) bool {
		return o.of.Get("default").True()
	})
	for _, some := range [][]guildOperation{varied, defaults, all} {
		if len(some) == 1 {
			return some[0], true
		}
	}
	if len(varied) > 1 {
		all = varied
	}
	r.refuse(all[1].name, all[1].name.Text,
		"the project has several operations ("+guildNames(all)+
			"): choose one by --operation, or write `default: yes` to it")
	return op, false
}

// guildNamed is the operation of a name.
func guildNamed(r *reading, all []guildOperation, chosen string) (op guildOperation, ok bool) {
	var found []guildOperation
	for _, one := range all {
		if one.called() == chosen {
			return one, true
		}
		if one.name.Text == chosen {
			found = append(found, one)
		}
	}
	switch len(found) {
	case 1:
		return found[0], true
	case 0:
		r.refuse(all[0].name, "operations", fmt.Sprintf("the project has no operation `%s`: it has %s", clipped(chosen),
			guildNames(all)))
	default:
		r.refuse(found[1].name, found[1].name.Text,
			fmt.Sprintf("the project has several operations `%s` (%s): name the model too", clipped(chosen),
				guildNames(found)))
	}
	return op, false
}

// guildVaries tells whether one of the flags has several values.
func guildVaries(flags *sweep.Tree) bool {
	if flags == nil {
		return false
	}
	return slices.ContainsFunc(flags.Pairs, func(p sweep.TreePair) bool {
		v := p.Value
		if v.Mapping {
			v = v.Get("default")
		}
		return v != nil && (v.List && len(v.Items) > 1 || guildFunction.MatchString(v.Text) && !v.List)
	})
}

// guildSearch writes `method`, `metric` and `run_cap`.
func guildSearch(r *reading, o *object, ranges bool) {
	goal, metric := "minimize", "loss"
	objective := o.get("objective")
	switch {
	case objective == nil:
	case objective.Mapping:
		for _, p := range objective.Pairs {
			if p.Key.Text != "minimize" && p.Key.Text != "maximize" || p.Value.List || p.Value.Mapping {
				r.leave(p.Key, o.at("objective."+p.Key.Text), "an objective is to `minimize` or to `maximize` a scalar",
					"as if it were not there")
				continue
			}
			goal, metric = p.Key.Text, p.Value.Text
		}
	default:
		if name, negative := strings.CutPrefix(objective.Text, "-"); negative {
			goal, metric = "maximize", name
		} else {
			metric = name
		}
	}
	method := "grid"
	if ranges {
		method = "random"
	}
	name := guildOptimizer(r, o)
	if name != nil {
		known := map[string]string{"gp": "gp", "skopt:gp": "gp", "random": "random", "skopt:random": "random",
			"bayesian": "gp", "gaussian": "gp"}
		if known[name.Text] == "" {
			r.leave(name, o.at("optimizers"), fmt.Sprintf("kaon has no `%s`", clipped(name.Text)),
				"searched by "+method)
		} else if ranges {
			method = known[name.Text]
		}
	}
	r.head.put(name, "method: %s", method)
	if objective != nil || ranges {
		if objective == nil {
			r.head.note("", "Guild's objective when none is named")
		}
		r.head.put(objective, "metric: {name: %s, goal: %s, reduce: last}", quote(metric), goal)
	}
	if ranges {
		r.tail.note("", "Guild's number of trials when --max-trials is left out")
		r.tail.put(nil, "run_cap: 20")
	}
}

// guildOptimizer is the name of the optimizer; nil: none is named. Of several it is the default one.
func guildOptimizer(r *reading, o *object) *sweep.Tree {
	if v := o.get("optimizer"); v != nil && !v.Mapping && !v.List {
		return v
	}
	v := o.get("optimizers")
	switch {
	case v == nil:
		return nil
	case !v.Mapping:
		if v.List {
			r.leave(v, o.at("optimizers"), "optimizers are a mapping by name", "as if it were not there")
			return nil
		}
		return v
	}
	var chosen *sweep.Tree
	for _, p := range v.Pairs {
		is := p.Key
		if algorithm := p.Value.Get("algorithm"); algorithm != nil {
			is = algorithm
		} else if !p.Value.Mapping && !p.Value.List && !p.Value.Null {
			is = p.Value
		}
		if chosen == nil || p.Value.Get("default").True() {
			chosen = is
		}
		for _, setting := range p.Value.Pairs {
			if k := setting.Key.Text; k != "default" && k != "algorithm" {
				r.leave(setting.Key, o.at("optimizers."+p.Key.Text+"."+k), "kaon's search has no such setting",
					"as kaon has it")
			}
		}
	}
	return chosen
}
