package sweep

import (
	"fmt"
	"slices"
	"strings"
)

const excludeExample = `exclude: [{optimizer: sgd, batch: 256}, "lr > 0.1 and batch < 32"]`

// exclude reads the points that are not tried: partial points, of which every value must be met, and expressions.
func (d *decoder) exclude(n *node) {
	if n == nil || n.null {
		return
	}
	for field, item := range n.oneOrMore("exclude") {
		switch item.kind {
		case mapping:
			d.excludePoint(item, field)
		case list:
			d.fail(item, field, "an excluded point is a mapping of parameters to values, not a list",
				"write "+excludeExample)
		default:
			if d.tooManyRules(item, field) {
				return
			}
			d.excludeWhere(item, field)
		}
	}
}

// excludeWhere excludes all points of which an expression holds.
func (d *decoder) excludeWhere(n *node, field string) {
	text := d.text(n, field)
	if text == "" {
		return
	}
	s := d.spec.Space
	e, err := s.compile(text, truth, nil)
	if err != nil {
		d.fail(n, field, fmt.Sprintf("`%s`: %v", short(text), err), d.expressionAdvice(text, truth, nil, err))
		return
	}
	if len(e.needs) == 0 {
		d.fail(n, field, fmt.Sprintf("`%s` names no parameter", short(text)), d.expressionRemedy())
		return
	}
	negated, err := s.compile("not ("+text+")", truth, nil)
	if err != nil {
		d.fail(n, field, fmt.Sprintf("`%s`: %v", short(text), err), "write it as a rule in `constraints`")
		return
	}
	s.rules = append(s.rules, negated)
}

// excludePoint excludes all points that have the given values.
func (d *decoder) excludePoint(n *node, field string) {
	if len(n.pairs) == 0 {
		d.fail(n, field, "an empty point would exclude everything",
			"name the values that are not to be tried together")
		return
	}
	before := len(d.problems)
	given := d.partial(n, field, nil)
	if len(d.problems) > before {
		return
	}
	slices.SortFunc(given, func(a, b chosen) int { return a.leaf - b.leaf })
	var leaves []int
	values := make([]Value, len(d.spec.Space.leaves))
	continuous := ""
	var spread func(i int)
	spread = func(i int) { // over the values that are lists of several
		if i == len(given) {
			d.spec.Space.leaveOut(leaves, values)
			return
		}
		for _, v := range given[i].values {
			values[given[i].leaf] = v
			spread(i + 1)
		}
	}
	total := 1
	for _, c := range given {
		leaves = append(leaves, c.leaf)
		if l := d.spec.Space.leaves[c.leaf]; len(l.Values) == 0 && l.Dimension.distinct() == nil {
			continuous = l.Name
		}
		total *= max(len(c.values), 1)
	}
	const most = 100_000
	if total > most {
		d.fail(n, field, fmt.Sprintf("the lists of values make more than %d points", most),
			"write an expression such as `batch in [32, 64]`")
		return
	}
	if continuous != "" {
		d.warn(n, field, fmt.Sprintf("`%s` is continuous: a single value of it is hardly ever drawn",
			short(continuous)),
			fmt.Sprintf("exclude a range, as in \"%s > 0.1\"", continuous))
	}
	spread(0)
}

// chosen is a parameter and values of it that somebody wrote.
type chosen struct {
	leaf   int
	values []Value
	at     *node
}

// partial reads a mapping of parameters, groups as mappings or by dotted names, to values. A list that is no value
// of the parameter is several.
func (d *decoder) partial(n *node, field string, group []string) (all []chosen) {
	s := d.spec.Space
	given := map[int]bool{}
	for _, p := range n.pairs {
		path := append(slices.Clone(group), p.key.text)
		name := joinPath(path)
		at := join(field, p.key.text)
		k := s.leafNamed(name)
		var below []int
		if k < 0 {
			below = s.under(strings.Split(name, "."))
		}
		switch {
		case k >= 0:
			if values := d.admitted(k, p.value, at); len(values) > 0 {
				if given[k] {
					d.fail(p.key, at, fmt.Sprintf("`%s` is given twice", short(name)), "give it one value")
					continue
				}
				given[k] = true
				all = append(all, chosen{k, values, p.value})
			}
		case len(below) > 0 && p.value.kind == mapping:
			for _, c := range d.partial(p.value, at, path) {
				given[c.leaf] = true
				all = append(all, c)
			}
		case len(below) > 0:
			d.fail(p.value, at, fmt.Sprintf("`%s` is a group of parameters", short(name)),
				fmt.Sprintf("name one of them, as in `%s: …`", s.leaves[below[0]].Name))
		default:
			d.fail(p.key, at, fmt.Sprintf("there is no parameter `%s`", short(name)), didYouMean(name, s.names()))
		}
	}
	return all
}

// admitted is what a node says of a parameter: a value of it, or a list of several.
func (d *decoder) admitted(k int, n *node, field string) []Value {
	l := d.spec.Space.leaves[k]
	before := len(d.problems)
	v := d.value(n, field)
	if len(d.problems) > before {
		return nil
	}
	if own, ok := l.admit(v); ok {
		return []Value{own}
	}
	several, isList := v.([]Value)
	if !isList || len(several) == 0 {
		d.fail(n, field, fmt.Sprintf("`%s` is never %s", short(l.Name), short(Format(v))), l.allowed())
		return nil
	}
	var own []Value
	for i, item := range several {
		value, ok := l.admit(item)
		if !ok {
			d.fail(n.items[i], fmt.Sprintf("%s.%d", field, i),
				fmt.Sprintf("`%s` is never %s", short(l.Name), short(Format(item))), l.allowed())
			return nil
		}
		own = append(own, value)
	}
	return own
}

// leaveOut excludes a partial point, given as values by leaf.
func (s *Space) leaveOut(leaves []int, values []Value) {
	at := slices.IndexFunc(s.excluded, func(e *exclusion) bool { return slices.Equal(e.leaves, leaves) })
	if at < 0 {
		at = len(s.excluded)
		s.excluded = append(s.excluded, &exclusion{leaves: leaves, keys: map[string]bool{}})
	}
	s.excluded[at].keys[s.excluded[at].key(values)] = true
}
