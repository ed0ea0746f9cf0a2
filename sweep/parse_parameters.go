package sweep

import (
	"fmt"
	"regexp"
	"slices"
)

// paramName is what a parameter may be called: W&B allows letters, digits, _ . and -, and files in the wild
// also use slashes and colons, and Hydra's +, ++ and ~ before the name. What would break flags and variables
// is refused.
var paramName = regexp.MustCompile(`^(\+{1,2}|~)?[\pL_][^\s=\pC'"$` + "`" + `\\]*$`)

// IsParameterName tells what a parameter, or a group of them, may be called.
func IsParameterName(name string) bool { return len(name) <= 128 && paramName.MatchString(name) }

// maxParameters bounds the parameters of one spec.
const maxParameters = 10_000

// space reads `parameters`.
func (d *decoder) space(root *node) {
	s := &Space{accepted: d.options.accepted}
	d.spec.Space = s
	n := root.get("parameters")
	if n == nil || n.null || n.kind == mapping && len(n.pairs) == 0 {
		if d.misspelt(root, "parameters") || d.misplaced["parameters"] || n != nil && d.emptied[n] {
			return
		}
		if !d.options.winner { // a spec that follows another may be one trial
			at := root
			if n != nil {
				at = n
			}
			remedy := "add `parameters:` with at least one; `parameters: {run: {value: 1}}` makes a grid of " +
				"one trial"
			if n != nil && !n.null {
				remedy = "write `parameters: {run: {value: 1}}` to run without any, or name what to search"
			}
			d.fail(at, "parameters", "there are no parameters to search", remedy)
		}
		return
	}
	ties := d.zipNames(root.get("zip"))
	d.zips = map[string]bool{}
	for _, names := range ties {
		for _, name := range names {
			d.zips[name.text] = true
		}
	}
	whens := map[int][]*whenAt{} // of each leaf, from the outermost group to its own
	d.group(n, "parameters", nil, nil, whens)
	s.indexNames()
	d.distinct(n)
	d.zip(ties)
	d.conditions(whens)
	if size, finite := s.product(); finite {
		s.size = size
	}
}

// group reads a mapping of parameters; when is the condition of the group it is in.
func (d *decoder) group(n *node, field string, path []string, when []*whenAt, whens map[int][]*whenAt) {
	if n.kind != mapping {
		d.fail(n, field, "a mapping of parameters is needed, not "+n.what(),
			"write each as `name: {values: […]}` or `name: {min: …, max: …}`")
		return
	}
	if len(n.pairs) == 0 {
		d.fail(n, field, "there are no parameters in it", "add one, or remove the group")
	}
	lost := d.checkIndent(n, field,
		func(p pair) bool {
			return slices.Contains(keys["parameter"], p.key.text) &&
				p.value.kind != mapping
		})
	for _, p := range n.pairs {
		name := p.key.text
		at := join(field, name)
		if lost[p.key] || d.emptied[p.value] {
			continue
		}
		if len(path) == 0 && name == "from" && p.value.kind == scalar {
			d.notBuilt(p.key, at, "parameters: from")
			continue
		}
		if !d.goodName(p.key, at) {
			continue
		}
		if len(d.spec.Space.leaves) == maxParameters {
			d.fail(p.key, at, fmt.Sprintf("there are more than %d parameters", maxParameters), "use fewer")
			return
		}
		d.parameter(p, at, append(slices.Clone(path), name), when, whens)
	}
}

func (d *decoder) goodName(key *node, field string) bool {
	switch name := key.text; {
	case name == "__proto__":
		d.fail(key, field, "a parameter cannot be named `__proto__`",
			"choose another name: browsers give this one a meaning of its own")
	case !IsParameterName(name):
		d.fail(key, field, fmt.Sprintf("`%s` cannot be a parameter's name", short(name)),
			"start with a letter; then letters, digits, _ - . or /, at most 128 in all")
	default:
		return true
	}
	return false
}

// parameter reads one parameter or nested group.
func (d *decoder) parameter(p pair, field string, path []string, when []*whenAt, whens map[int][]*whenAt) {
	n := p.value
	if n.kind != mapping {
		remedy := fmt.Sprintf("write `%s: {values: [1, 2]}` or `{min: 0.0, max: 1.0}`", short(p.key.text))
		if call.MatchString(n.text) && n.kind == scalar {
			remedy = fmt.Sprintf("a spec is data and calls nothing: write `%s: {min: 0.0, max: 1.0}` or "+
				"`%s: {values: [1, 2]}`", short(p.key.text), short(p.key.text))
		} else if n.kind == scalar && !n.null {
			remedy = fmt.Sprintf("for a constant write `%s: {value: %s}`", short(p.key.text),
				short(n.source()))
		} else if n.kind == list {
			remedy = fmt.Sprintf("for a choice write `%s: {values: […]}`", short(p.key.text))
		}
		d.fail(n, field, "a parameter is a mapping, not "+n.what(), remedy)
		return
	}
	if d.nni(n, field) || d.groupWithout(p, field) || d.otherKeys(p, field) ||
		!d.mapping(n, field, "parameter") {
		return
	}
	if w := n.get("when"); w != nil {
		when = append(slices.Clone(when), &whenAt{w, path})
	}
	if inner := n.get("parameters"); inner != nil {
		for _, q := range n.pairs {
			if q.key.text != "parameters" && q.key.text != "when" {
				d.fail(q.key, join(field, q.key.text),
					fmt.Sprintf("`%s` has no meaning beside `parameters`", short(q.key.text)),
					"a group holds only `parameters` and `when`")
			}
		}
		d.group(inner, field+".parameters", path, when, whens)
		return
	}
	before := len(d.problems)
	dim, ok := d.dimension(n, field)
	if !ok || len(d.problems) > before {
		return
	}
	dim.Name = joinPath(path)
	l := &leaf{Dimension: dim, path: path}
	if d.spec.Method == "grid" && !d.onGrid(l, n, field) {
		return
	}
	if d.zips[l.Name] {
		l.stepsFromMin()
	}
	d.preset(l, n.get("default"), join(field, "default"))
	if len(when) > 0 {
		whens[len(d.spec.Space.leaves)] = when
	}
	d.spec.Space.leaves = append(d.spec.Space.leaves, l)
}

// call is code of a search space, as tune.uniform(0, 1).
var call = regexp.MustCompile(`^[A-Za-z_][\w.]*\(.*\)$`)

// distinct refuses parameters that cannot be told apart: group a with b, and a parameter named a.b.
func (d *decoder) distinct(n *node) {
	names, variables := map[string]bool{}, map[string]string{}
	for _, l := range d.spec.Space.leaves {
		if names[l.Name] {
			d.fail(n, "parameters."+l.Name,
				fmt.Sprintf("two parameters are called `%s` once groups are unfolded", short(l.Name)),
				"rename one of them")
		}
		names[l.Name] = true
		v := EnvName(l.path[0])
		if other, taken := variables[v]; taken && other != l.path[0] {
			d.warn(n, "parameters."+l.Name,
				fmt.Sprintf("`%s` and `%s` share the variable %s", short(other), short(l.path[0]), v),
				"rename one, or read KAON_PARAMS")
		}
		variables[v] = l.path[0]
	}
}
