package sweep

import (
	"fmt"
	"math/big"
)

const tryExample = "`try: [{lr: 0.1, batch: 32}]`"

// maxTry bounds the points that are tried first.
const maxTry = 10_000

// maxTryValues bounds the values of those points, given and completed.
const maxTryValues = 1_000_000

// preset reads the `default` of a parameter.
func (d *decoder) preset(l *leaf, n *node, field string) {
	if n == nil {
		return
	}
	before := len(d.problems)
	v := d.value(n, field)
	if len(d.problems) > before {
		return
	}
	own, ok := l.admit(v)
	if !ok {
		d.fail(n, field, fmt.Sprintf("`%s` is never %s, its default", short(l.Name), short(Format(v))), l.allowed())
		return
	}
	l.preset, l.hasPreset = own, true
}

// try reads the points of the first trials. Without any the defaults of the parameters, if there are some, are one.
func (d *decoder) try(root *node) {
	s := d.spec
	n := root.get("try")
	if len(d.problems) > 0 {
		return
	}
	var items []*node
	switch {
	case n == nil || n.null:
		for _, l := range s.Space.leaves {
			if l.hasPreset {
				items = []*node{{kind: mapping}}
			}
		}
	case n.kind == mapping:
		items = []*node{n}
	default:
		items = d.list(n, "try", tryExample)
	}
	if len(items) > maxTry {
		d.fail(n, "try", fmt.Sprintf("%d points are too many to try first", len(items)),
			fmt.Sprintf("%d are allowed", maxTry))
		return
	}
	if wide := len(s.Space.leaves); len(items) > 1 && len(items)*wide > maxTryValues && !d.options.accepted {
		d.fail(n, "try",
			fmt.Sprintf("%d points of %d parameters are too many values to try first", len(items), wide),
			fmt.Sprintf("%d are allowed: try at most %d points", maxTryValues, max(maxTryValues/wide, 1)))
		return
	}
	e := s.Space.evaluation()
	e.most = d.options.mostEvaluated()
	seen := map[string]bool{}
	for i, item := range items {
		field := fmt.Sprintf("try.%d", i)
		at := item
		if item.line == 0 && n == nil {
			at, field = root.get("parameters"), "parameters"
		}
		if item.kind != mapping {
			d.fail(item, field, "a point is a mapping of parameters to values, not "+item.what(),
				"write "+tryExample)
			continue
		}
		p, ok := d.tried(e, item, at, field, i)
		if !ok && e.done > e.most {
			return
		}
		if !ok {
			continue
		}
		id := identity(p)
		if seen[id] {
			d.fail(at, field, "this point stands here twice", "remove it, or use `repeat`")
			continue
		}
		seen[id] = true
		s.Try = append(s.Try, p)
	}
	if most := s.Trials / max(s.Repeat.Trials, 1); len(s.Try) > most && len(d.problems) == 0 {
		d.warn(n, "try", fmt.Sprintf("only the first %d of %d points are tried: there are no more trials",
			most, len(s.Try)), "raise `run_cap`")
	}
}

// tried completes a partial point: by defaults, then by what is drawn until constraints hold.
func (d *decoder) tried(e *evaluation, n, at *node, field string, index int) (Point, bool) {
	s := d.spec.Space
	before := len(d.problems)
	given := d.partial(n, field, nil)
	if len(d.problems) > before {
		return nil, false
	}
	written := map[int]chosen{}
	for _, c := range given {
		if len(c.values) > 1 {
			d.fail(c.at, join(field, s.leaves[c.leaf].Name), "a point has one value of each parameter",
				"write a point for each")
			return nil, false
		}
		written[c.leaf] = c
	}
	fixed := make([]Value, len(s.leaves))
	has := make([]bool, len(s.leaves))
	for k, l := range s.leaves {
		if c, ok := written[k]; ok {
			fixed[k], has[k] = c.values[0], true
		} else if l.hasPreset {
			fixed[k], has[k] = l.preset, true
		}
	}
	values := make([]Value, len(s.leaves))
	draw := func(try int, leaves []int) {
		for _, k := range leaves {
			l := s.leaves[k]
			if has[k] && l.tie == nil && !l.follows {
				continue
			}
			e.done++
			u := RandomNumber(d.spec.Seed, index, try, k)
			if l.choices != nil {
				c, _ := new(big.Float).Mul(new(big.Float).SetInt(l.choices), big.NewFloat(u)).Int(nil)
				s.setChoice(values, k, c)
			} else {
				s.set(values, k, u)
			}
		}
	}
	for try := range maxRejections {
		if e.done += len(s.leaves) / 8; e.done > e.most {
			d.fail(at, field, "too many draws were needed for points that hold `constraints` and `exclude`",
				"give the parameters that constraints name a value in each point, or try fewer points")
			return nil, false
		}
		draw(try, e.decisive)
		if !d.settle(e, values, fixed, has, written, at, field) {
			return nil, false
		}
		active, ok, _ := e.evaluate(values)
		if !ok {
			continue
		}
		draw(try, s.every())
		if !d.settle(e, values, fixed, has, written, at, field) {
			return nil, false
		}
		for k, c := range written {
			if !active[k] {
				d.fail(c.at, join(field, s.leaves[k].Name),
					fmt.Sprintf("`%s` is switched off by its `when` in this point", short(s.leaves[k].Name)),
					"leave it out")
				return nil, false
			}
		}
		return s.buildActive(values, active), true
	}
	d.fail(at, field, "no point with these values holds `constraints` and `exclude`",
		"change its values, or loosen the constraints")
	return nil, false
}

// settle puts the values that are fixed over those that were drawn. Of parameters that move together what is written
// of one decides, before defaults do.
func (d *decoder) settle(
	e *evaluation, values, fixed []Value, has []bool, written map[int]chosen, at *node, field string,
) bool {
	s := d.spec.Space
	for k, l := range s.leaves {
		if has[k] && l.tie == nil && !l.follows {
			values[k] = fixed[k]
		}
	}
	for _, l := range s.leaves {
		if l.tie == nil {
			continue
		}
		place, ok := e.placeOf(l.tie, func(k int) (Value, bool) { return fixed[k], written[k].at != nil })
		if !ok {
			d.fail(at, field, fmt.Sprintf("`%s` and what is zipped with it never have these values together",
				short(l.Name)),
				"choose values that stand at the same place of their lists")
			return false
		}
		if place < 0 {
			if place, ok = e.placeOf(l.tie, func(k int) (Value, bool) { return fixed[k], has[k] }); !ok {
				d.fail(at, field, fmt.Sprintf("the defaults of `%s` and what is zipped with it never stand together",
					short(l.Name)),
					"choose defaults that stand at the same place of their lists")
				return false
			}
		}
		if place >= 0 {
			s.setPlace(values, l.tie, place)
		}
	}
	return true
}

// placeOf calls the space's placeOf, and charges the evaluation one step for every eight places that it may look at.
func (e *evaluation) placeOf(t *tie, known func(leaf int) (Value, bool)) (place int, ok bool) {
	cost := 0
	for _, k := range t.members {
		if _, is := known(k); !is {
			continue
		}
		if cost = t.count / 8; len(e.s.leaves[k].Values) == 0 { // a range tells the place
			cost = 0
			break
		}
	}
	e.done += cost
	return e.s.placeOf(t, known)
}
