package sweep

import (
	"fmt"
	"slices"
	"strings"
)

// nested refuses a spec below keys of its own, as `sweep:` or `wandb: {sweep: …}`.
func (d *decoder) nested(root *node) bool {
	if root.get("method") != nil || root.get("parameters") != nil {
		return false
	}
	path, spec := specBelow(root, nil, len(root.pairs) == 1)
	if spec == nil {
		return false
	}
	names, lines := make([]string, len(path)), make([]string, len(path))
	for i, key := range path {
		names[i], lines[i] = short(key.text), "`"+short(key.text)+":`"
	}
	last := path[len(path)-1]
	remedy := fmt.Sprintf("remove the line `%s:` and move what is below it to the left margin", names[0])
	if len(path) > 1 {
		remedy = "remove the lines " + strings.Join(lines, " and ") +
			" and move what is below them to the left margin"
	}
	if spec.line == last.line {
		remedy = fmt.Sprintf("keep only what stands in the braces behind `%s:`", short(last.text))
	}
	d.fail(last, short(strings.Join(names, ".")),
		fmt.Sprintf("the spec stands below `%s`", short(strings.Join(names, "."))), remedy)
	return true
}

// specBelow finds a mapping that is a spec, and the keys that lead to it; alone: they are the only ones.
func specBelow(n *node, path []*node, alone bool) ([]*node, *node) {
	if len(path) > 8 {
		return nil, nil
	}
	for _, p := range n.pairs {
		if p.value.kind != mapping || len(path) == 0 && slices.Contains(keys[""], p.key.text) {
			continue
		}
		here := append(slices.Clone(path), p.key)
		alone := alone && len(n.pairs) == 1
		if params := p.value.get("parameters"); params != nil && params.kind == mapping &&
			(p.value.get("method") != nil || alone) {
			return here, p.value
		}
		if found, spec := specBelow(p.value, here, alone); spec != nil {
			return found, spec
		}
	}
	return nil, nil
}

// groupWithout refuses a group of parameters that has no `parameters:` around them.
func (d *decoder) groupWithout(p pair, field string) bool {
	found := 0
	for _, q := range p.value.pairs {
		if slices.Contains(keys["parameter"], q.key.text) {
			return false
		}
		if q.value.kind == mapping &&
			slices.ContainsFunc(q.value.pairs,
				func(r pair) bool { return slices.Contains(keys["parameter"], r.key.text) }) {
			found++
		}
	}
	if found == 0 {
		return false
	}
	d.fail(p.key, field,
		fmt.Sprintf("`%s` is a group of parameters, and groups have `parameters` around them",
			short(p.key.text)),
		fmt.Sprintf("write `%s: {parameters: {%s: …}}`", short(p.key.text), short(p.value.pairs[0].key.text)))
	return true
}

// misspelt says whether an unknown key was likely meant for one of these, which is then not missing besides.
func (d *decoder) misspelt(root *node, wanted ...string) bool {
	for _, p := range root.pairs {
		if slices.Contains(keys[""], p.key.text) {
			continue
		}
		remedy := unknownKey("", p.key.text)
		for _, w := range wanted {
			if remedy == didYouMean(w, []string{w}) || remedy == "write `"+w+"`" {
				return true
			}
		}
	}
	return false
}
