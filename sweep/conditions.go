package sweep

import (
	"fmt"
	"strings"
)

// constraints compiles the rules that every point must hold.
func (d *decoder) constraints(n *node) {
	if n == nil || n.null {
		return
	}
	items := []*node{n}
	if n.kind != scalar {
		items = d.list(n, "constraints", `constraints: ["batch * lr < 64"]`)
	}
	for i, item := range items {
		field := fmt.Sprintf("constraints.%d", i)
		text := d.text(item, field)
		if text == "" {
			continue
		}
		e, err := d.spec.Space.compile(text, truth, nil)
		if err != nil {
			d.fail(item, field, fmt.Sprintf("`%s`: %v", short(text), err), d.expressionAdvice(text, truth, nil, err))
			continue
		}
		if len(e.needs) == 0 {
			d.fail(item, field, fmt.Sprintf("`%s` names no parameter", short(text)), d.expressionRemedy())
		}
		d.spec.Space.rules = append(d.spec.Space.rules, e)
	}
}

func (d *decoder) expressionRemedy() string {
	names := make([]string, 0, 8)
	for _, l := range d.spec.Space.leaves {
		if len(names) == 8 {
			return "parameters here: " + quoted(names) + " and more"
		}
		names = append(names, l.Name)
	}
	return "parameters here: " + quoted(names)
}

// samples is how many points expressions are tried on before a sweep is accepted.
const samples = 64

// patience is how many draws in a row the constraints may refuse before the spec is refused: a space of
// which they accept one in a thousand fails this by chance once in twenty thousand specs.
const patience = 10_000

// probe evaluates every expression at sample points: nothing that fails for every trial gets past the door.
func (d *decoder) probe(root *node) {
	s := d.spec
	for i := range samples {
		values := make([]Value, len(s.Space.leaves))
		for k, l := range s.Space.leaves {
			u := uniform(s.Seed, i, 0, k)
			switch i { // the two corners first
			case 0:
				u = 0.001
			case 1:
				u = 0.999
			}
			values[k] = l.Quantile(u)
		}
		active, ok, err := s.Space.evaluate(values)
		if err != nil {
			d.fail(root.get("constraints"), "constraints", fmt.Sprintf("%v at %s", err, d.show(values, nil)), "make the expression hold for every value its parameters can take")
			return
		}
		if !ok {
			continue
		}
		if _, err := s.Demand(s.Space.buildActive(values, active)); err != nil {
			d.fail(root.get("task"), "task.resources", fmt.Sprintf("%v at %s", err, d.show(values, active)), "make the expression hold for every value its parameters can take")
			return
		}
	}
	if s.Method != "grid" && !s.Space.unique && len(s.Space.rules) > 0 {
		for i := range 8 {
			if _, ok := s.Space.draw(s.Seed, i, patience); !ok {
				d.fail(root.get("constraints"), "constraints", fmt.Sprintf("%d random points in a row break them", patience), "loosen the constraints or narrow the parameters' ranges")
				return
			}
		}
	}
}

// show writes values for an error.
func (d *decoder) show(values []Value, active []bool) string {
	var b strings.Builder
	for k, l := range d.spec.Space.leaves {
		if active == nil || active[k] {
			fmt.Fprintf(&b, " %s=%s", l.Name, short(Format(values[k])))
		}
		if b.Len() > 120 {
			return strings.TrimSpace(b.String()) + " …"
		}
	}
	return strings.TrimSpace(b.String())
}

// settle is the remedy for a grid whose points are too rare to be counted.
func settle(found int) string {
	if found == 0 {
		return "use fewer values, loosen the conditions, or use `method: random`"
	}
	return fmt.Sprintf("write `run_cap: %d` to run those, or use fewer values, or `method: random`", found)
}

// walkGrid counts the points of a grid with conditions.
func (d *decoder) walkGrid(root *node, limit int) {
	s := d.spec
	stop := limit
	if stop == 0 {
		stop = maxWalk + 1
	}
	w := s.Space.explore(stop)
	s.Space.walk = w
	at, field := root.get("constraints"), "constraints"
	if at == nil {
		at, field = root.get("parameters"), "parameters"
	}
	switch {
	case w.count == 0 && w.whole:
		d.fail(at, field, "no point of the grid holds the conditions", "loosen them")
	case !w.whole && w.count < stop:
		d.fail(at, field, fmt.Sprintf("only %d of the grid's first %d combinations hold the conditions, and counting stops there", w.count, maxWalk),
			settle(w.count))
	}
	s.Trials = w.count
}
