package foreign

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// nniSpace writes `parameters`, from the experiment or from the file that it names.
func nniSpace(r *reading, top *object, read func(path string) ([]byte, error)) {
	tree, path := top.get("searchSpace"), "searchSpace"
	for _, key := range []string{"searchSpaceFile", "searchSpacePath"} {
		file := top.get(key)
		if file == nil || tree != nil {
			continue
		}
		if read == nil {
			r.refuse(file, key, "the file of the search space cannot be read from here")
			return
		}
		src, err := read(file.Text)
		if err != nil {
			r.refuse(file, key, "the search space cannot be read: "+err.Error())
			return
		}
		space, err := sweep.ReadTree(file.Text, src)
		if err != nil {
			r.refuse(file, key, "the search space is no YAML or JSON: "+strings.SplitN(err.Error(), "\n", 2)[0])
			return
		}
		nniNames(r, space, file.Text, file)
		tree, path = moved(space, file), file.Text
	}
	if at := top.tree.Get("useAnnotation"); tree == nil && at.True() {
		r.refuse(at, "useAnnotation", "the search space is in comments of the program: write it as `searchSpace`")
		return
	}
	if tree == nil || len(tree.Pairs) == 0 {
		r.refuse(top.nearest(), "searchSpace", "the experiment has no search space")
		return
	}
	if path == "searchSpace" {
		nniNames(r, tree, path, nil)
	}
	r.space.put(tree, "parameters:")
	nniParameters(r, tree, path, "  ", "")
}

// nniNames refuses what kaon's parameters cannot be called. file is where the experiment names the space's own file;
// nil: it has none.
func nniNames(r *reading, space *sweep.Tree, path string, file *sweep.Tree) {
	for _, p := range space.Pairs {
		at, where := p.Key, ""
		if file != nil {
			at, where = file, fmt.Sprintf("line %d:%d of it: ", p.Key.Line, p.Key.Column)
		}
		if p.Key.Text != "_name" && !sweep.IsParameterName(p.Key.Text) {
			r.refuse(at, path+"."+clipped(p.Key.Text), where+"this cannot be the name of a parameter, which begins "+
				"with a letter and has no blanks, quotes, $ or =: rename it here and in the program")
		}
		if value := p.Value.Get("_value"); value != nil {
			for _, item := range value.Items {
				nniNames(r, item, path+"."+clipped(p.Key.Text), file)
			}
		}
	}
}

// moved is a tree of another file at the place that names it.
func moved(t, at *sweep.Tree) *sweep.Tree {
	out := *t
	out.Line, out.Column = at.Line, at.Column
	out.Items, out.Pairs = nil, nil
	for _, item := range t.Items {
		out.Items = append(out.Items, moved(item, at))
	}
	for _, p := range t.Pairs {
		out.Pairs = append(out.Pairs, sweep.TreePair{Key: moved(p.Key, at), Value: moved(p.Value, at)})
	}
	return &out
}

// nniParameters writes the parameters of a space; when is the condition of all of them.
func nniParameters(r *reading, space *sweep.Tree, path, indent, when string) {
	for _, p := range space.Pairs {
		if p.Key.Text == "_name" {
			continue
		}
		at := path + "." + p.Key.Text
		kind, value := p.Value.Get("_type"), p.Value.Get("_value")
		if kind == nil || value == nil || !value.List {
			r.refuse(p.Key, at, "a parameter of NNI has a `_type` and a list as `_value`")
			continue
		}
		if kind.Text == "choice" && len(value.Items) > 0 && value.Items[0].Mapping {
			nniNested(r, p.Key, value.Items, at, indent, when)
			continue
		}
		text := nniParameter(r, p.Key, kind.Text, value, at)
		if text == "" {
			continue
		}
		if when != "" {
			text = strings.TrimSuffix(text, "}") + ", when: " + quote(when) + "}"
		}
		r.space.put(p.Key, "%s%s: %s", indent, quote(p.Key.Text), text)
	}
}

// nniNested writes a choice between spaces as a group: `_name` says which, and the parameters of each are there with it
// alone.
func nniNested(r *reading, key *sweep.Tree, items []*sweep.Tree, path, indent, when string) {
	var names []string
	owners := map[string][]string{} // by parameter, the names that have it
	for _, item := range items {
		name := item.Get("_name")
		if name == nil {
			r.refuse(item, path, "each space of a nested choice has a `_name`")
			return
		}
		names = append(names, quote(name.Text))
		for _, p := range item.Pairs {
			owners[p.Key.Text] = append(owners[p.Key.Text], name.Text)
		}
	}
	r.space.put(key, "%s%s:", indent, quote(key.Text))
	if when != "" {
		r.space.put(key, "%s  when: %s", indent, quote(when))
	}
	r.space.put(key, "%s  parameters:", indent)
	r.space.put(key, "%s    _name: {values: [%s]}", indent, strings.Join(names, ", "))
	written := map[string]*sweep.Tree{}
	for _, item := range items {
		for _, p := range item.Pairs {
			if p.Key.Text == "_name" {
				continue
			}
			if before := written[p.Key.Text]; before != nil {
				if source(before) != source(p.Value) {
					r.refuse(p.Key, path+"."+p.Key.Text, "two spaces of the choice have a parameter of this name "+
						"with other values: rename one")
				}
				continue
			}
			written[p.Key.Text] = p.Value
			var any []string
			for _, owner := range owners[p.Key.Text] {
				any = append(any, "_name == "+strconv.Quote(owner))
			}
			one := &sweep.Tree{Mapping: true, Pairs: []sweep.TreePair{p}}
			nniParameters(r, one, path, indent+"    ", strings.Join(any, " or "))
		}
	}
}

// source writes a value as YAML in one line.
func source(t *sweep.Tree) string {
	var parts []string
	switch {
	case t.List:
		for _, item := range t.Items {
			parts = append(parts, source(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case t.Mapping:
		for _, p := range t.Pairs {
			parts = append(parts, quote(p.Key.Text)+": "+source(p.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case t.Null:
		return "null"
	case t.Plain && !strings.ContainsAny(t.Text, ",[]{}#\n"):
		// else it is text, of which a list in brackets would see more in it
		return t.Text
	}
	return quote(t.Text)
}

// nniShapes are the distributions of NNI: ours, and the keys of its values in order.
var nniShapes = map[string][]string{
	"uniform": {"uniform", "min", "max"}, "quniform": {"q_uniform", "min", "max", "q"},
	"loguniform": {"log_uniform_values", "min", "max"}, "qloguniform": {"q_log_uniform_values", "min", "max", "q"},
	"normal": {"normal", "mu", "sigma"}, "qnormal": {"q_normal", "mu", "sigma", "q"},
	"lognormal": {"log_normal", "mu", "sigma"}, "qlognormal": {"q_log_normal", "mu", "sigma", "q"},
}

// nniParameter is one parameter as kaon has it; "" when it was refused.
func nniParameter(r *reading, at *sweep.Tree, kind string, value *sweep.Tree, path string) string {
	if kind == "choice" {
		return "{values: " + source(value) + "}"
	}
	var numbers []float64
	for _, item := range value.Items {
		v, ok := finite(item.Text)
		if !ok {
			r.refuse(item, path, fmt.Sprintf("a number is needed, not `%s`", clipped(item.Text)))
			return ""
		}
		numbers = append(numbers, v)
	}
	if kind == "randint" && len(numbers) == 2 {
		return fmt.Sprintf("{min: %s, max: %s}", number(numbers[0]), number(numbers[1]-1))
	}
	shape := nniShapes[kind]
	if shape == nil || len(numbers) != len(shape)-1 {
		r.refuse(at, path, fmt.Sprintf("kaon has no `%s` of %d numbers", clipped(kind), len(numbers)))
		return ""
	}
	if kind == "quniform" || kind == "qloguniform" {
		text, why := nniRounded(kind, numbers, r.grid)
		if why != "" {
			r.refuse(at, path, why)
		}
		if text != "" || why != "" {
			return text
		}
	}
	text := "{distribution: " + shape[0]
	for i, v := range numbers {
		write := float
		if shape[len(shape)-1] == "q" && numbers[len(numbers)-1] == float64(int64(numbers[len(numbers)-1])) {
			write = number
		}
		text += ", " + shape[i+1] + ": " + write(v)
	}
	return text + "}"
}
