package sweep

import (
	"fmt"
	"slices"
	"strings"
)

const zipExample = "`zip: [[lr, batch]]`, names of parameters that have lists of `values` below `parameters`"

// zipNames is the names that `zip` lists, group by group, before the parameters are known: equal values of one
// that is zipped are not repeats.
func (d *decoder) zipNames(n *node) (groups [][]*node) {
	items := d.list(n, "zip", zipExample)
	if len(items) > 0 && items[0].kind == scalar {
		items = []*node{n} // one group
	}
	for i, item := range items {
		field := fmt.Sprintf("zip.%d", i)
		if item == n {
			field = "zip"
		}
		if item.kind != list {
			d.fail(item, field, "the names of parameters that move together are needed, not "+item.what(),
				"write "+zipExample)
			return nil
		}
		if len(item.items) < 2 {
			d.fail(item, field, "at least two parameters move together", "name another one, or remove this one")
			return nil
		}
		for j, name := range item.items {
			d.text(name, fmt.Sprintf("%s.%d", field, j))
		}
		groups = append(groups, item.items)
	}
	return groups
}

// zip ties parameters to each other.
func (d *decoder) zip(groups [][]*node) {
	taken := map[int]bool{}
	for _, names := range groups {
		t := &tie{}
		for _, n := range names {
			if k, ok := d.zipped(n, taken); ok {
				taken[k] = true
				t.members = append(t.members, k)
			}
		}
		if len(t.members) < len(names) || !d.equallyMany(t, names) {
			continue
		}
		slices.Sort(t.members)
		d.dropEqual(t, names[0])
		t.ordered = d.spec.Space.inOrder(t)
		for i, k := range t.members {
			l := d.spec.Space.leaves[k]
			if l.follows = i > 0; !l.follows {
				l.tie, d.spec.Space.tied = t, true
			}
			if d.spec.Method == "grid" {
				l.choices = l.distinct()
			}
		}
	}
}

// zipped finds a parameter that can be tied.
func (d *decoder) zipped(n *node, taken map[int]bool) (at int, ok bool) {
	s := d.spec.Space
	k := s.leafNamed(n.text)
	if k < 0 {
		remedy := didYouMean(n.text, s.names())
		if below := s.under(strings.Split(n.text, ".")); len(below) > 0 {
			remedy = "name the parameters in the group, as in `" + s.leaves[below[0]].Name + "`"
		}
		d.fail(n, "zip", fmt.Sprintf("there is no parameter `%s`", short(n.text)), remedy)
		return 0, false
	}
	if taken[k] {
		d.fail(n, "zip", fmt.Sprintf("`%s` is zipped twice", short(n.text)),
			"put all parameters that move with it into one list")
		return 0, false
	}
	if _, discrete := s.leaves[k].Choices(); !discrete {
		remedy := "give it `values`, as many as the others have"
		if s.leaves[k].Distribution == CategoricalProbs {
			remedy = "remove its `probabilities`: each place is equally likely"
		}
		d.fail(n, "zip", fmt.Sprintf("`%s` (%s) has no list of values to zip", short(n.text), s.leaves[k].Distribution),
			remedy)
		return 0, false
	}
	return k, true
}

// equallyMany makes sure that all members have as many values.
func (d *decoder) equallyMany(t *tie, names []*node) bool {
	var counts []string
	same := true
	first, _ := d.spec.Space.leaves[t.members[0]].Choices()
	for _, k := range t.members {
		l := d.spec.Space.leaves[k]
		n, _ := l.Choices()
		same = same && n.Cmp(first) == 0
		counts = append(counts, fmt.Sprintf("`%s` has %s", short(l.Name), n))
	}
	switch {
	case !same:
		d.fail(names[0], "zip", "parameters that move together need equally many values: "+strings.Join(counts, ", "),
			"give each of them as many `values`")
	case !first.IsInt64() || first.Int64() > maxTied:
		same = false
		d.fail(names[0], "zip", fmt.Sprintf("%s values are too many to zip", first),
			fmt.Sprintf("%d are allowed", maxTied))
	default:
		t.count = int(first.Int64())
	}
	return same
}

// dropEqual keeps one of the places at which all members have the same values.
func (d *decoder) dropEqual(t *tie, at *node) {
	if slices.ContainsFunc(t.members, func(k int) bool { return len(d.spec.Space.leaves[k].Values) == 0 }) {
		return // no value of a range repeats
	}
	seen, kept := map[string]bool{}, []int{}
	for i := range t.count {
		id := d.spec.Space.identityAt(t, i)
		if !seen[id] {
			seen[id] = true
			kept = append(kept, i)
		}
	}
	if len(kept) == t.count {
		return
	}
	d.warn(at, "zip", fmt.Sprintf("%d of %d combinations are given more than once; each runs once",
		t.count-len(kept), t.count), "")
	for _, k := range t.members {
		l := d.spec.Space.leaves[k]
		var values []Value
		for _, i := range kept {
			values = append(values, l.place(i))
		}
		l.Distribution, l.Values = Categorical, values
	}
	t.count = len(kept)
}
