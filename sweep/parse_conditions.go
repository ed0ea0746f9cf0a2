package sweep

import (
	"fmt"
	"strconv"
	"strings"
)

// constraints compiles the rules that every point must hold.
func (d *decoder) constraints(n *node) {
	if n == nil || n.null {
		return
	}
	for field, item := range n.oneOrMore("constraints") {
		if d.tooManyRules(item, field) {
			return
		}
		if item.kind == mapping {
			d.metricConstraint(item, field)
			continue
		}
		text := d.text(item, field)
		if text == "" {
			continue
		}
		e, err := d.spec.Space.compile(text, truth, nil)
		if err != nil {
			advice := d.expressionAdvice(text, truth, nil, err)
			if name := d.metricIn(text); name != "" {
				advice = fmt.Sprintf("bounds of a metric are written `%s: {max: 20}` or `{min: …}`", short(name))
			}
			d.fail(item, field, fmt.Sprintf("`%s`: %v", short(text), err), advice)
			continue
		}
		if len(e.needs) == 0 {
			d.fail(item, field, fmt.Sprintf("`%s` names no parameter", short(text)), d.expressionRemedy())
		}
		d.spec.Space.rules = append(d.spec.Space.rules, e)
	}
}

// maxRules bounds the expressions that every point must hold: each point that is drawn has them evaluated.
const maxRules = 1000

func (d *decoder) tooManyRules(at *node, field string) bool {
	if len(d.spec.Space.rules) < maxRules || d.options.accepted {
		return false
	}
	d.fail(at, field, fmt.Sprintf("there are more than %d expressions in `constraints` and `exclude`", maxRules),
		"join them by `and`, or name points to leave out in `exclude`, as in {optimizer: sgd, batch: 256}")
	return true
}

func (d *decoder) expressionRemedy() string {
	const most = 8
	names := d.spec.Space.names()
	if len(names) > most {
		return "parameters here: " + quoted(names[:most]) + " and more"
	}
	return "parameters here: " + quoted(names)
}

// samples is how many points expressions are tried on before a sweep is accepted.
const samples = 64

// maxRejections is how many draws in a row the constraints may refuse before the spec is refused: a space of
// which they accept one in a thousand fails this by chance once in twenty thousand specs.
const maxRejections = 10_000

// checkSamples evaluates every expression at sample points: nothing that fails for every trial gets past the
// door.
func (d *decoder) checkSamples(root *node) {
	s := d.spec
	s.Space.decide()
	for i := range samples {
		values := make([]Value, len(s.Space.leaves))
		for k := range s.Space.leaves {
			u := RandomNumber(s.Seed, i, 0, k)
			switch i { // the two corners first
			case 0:
				u = 0.001
			case 1:
				u = 0.999
			}
			s.Space.set(values, k, u)
		}
		active, ok, err := s.Space.evaluate(values)
		if err != nil {
			d.fail(root.get("constraints"), "constraints", fmt.Sprintf("%v at %s", err, d.show(values, nil)),
				"make the expression hold for every value its parameters can take")
			return
		}
		if !ok {
			continue
		}
		if _, err := s.Demand(s.Space.buildActive(values, active)); err != nil {
			d.fail(root.get("task"), "task.resources", fmt.Sprintf("%v at %s", err, d.show(values, active)),
				"make the expression hold for every value its parameters can take")
			return
		}
	}
	if s.Method != "grid" && !s.Space.unique && len(s.Space.rules)+len(s.Space.excluded) > 0 {
		e := s.Space.evaluation()
		e.most = d.options.mostEvaluated()
		for i := range 8 {
			if _, ok, tried := e.draw(s.Seed, i, maxRejections); !ok {
				at, field := root.get("constraints"), "constraints"
				if at == nil {
					at, field = root.get("exclude"), "exclude"
				}
				d.fail(at, field,
					fmt.Sprintf("%d random points in a row break them", tried),
					"loosen the constraints or narrow the parameters' ranges")
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

// expressionAdvice is the remedy for an expression that does not compile.
func (d *decoder) expressionAdvice(text string, want wants, group []string, err error) string {
	if len(group) == 0 && strings.HasPrefix(remedyOf(err, ""), "did you mean") {
		return remedyOf(err, "")
	}
	if m := d.spec.Space.repair(text, want, group); m != "" {
		return fmt.Sprintf("write `%s`", m)
	}
	return remedyOf(err, d.expressionRemedy())
}

// whenAt is a `when` and the parameter, or the group, that has it: names in it are those beside that first.
type whenAt struct {
	node *node
	path []string
}

// conditions compiles every `when` once all parameters are known.
func (d *decoder) conditions(whens map[int][]*whenAt) {
	s := d.spec.Space
	compiled := map[*whenAt]*expression{} // the leaves of a group share its own
	for k, l := range s.leaves {
		for _, w := range whens[k] {
			e, known := compiled[w]
			if !known {
				e = d.condition(w.node, "parameters."+joinPath(w.path)+".when", w.path[:len(w.path)-1])
				compiled[w] = e
			}
			if e != nil {
				l.when = append(l.when, e)
			}
		}
	}
	if cycle := s.sortConditions(); len(cycle) > 0 {
		var names []string
		for _, k := range cycle {
			names = append(names, s.leaves[k].Name)
		}
		at := whens[cycle[0]][0].node
		d.fail(at, "parameters."+names[0]+".when",
			"the conditions go in a circle: "+short(strings.Join(append(names, names[0]), " → ")),
			"let one of them depend on nothing")
	}
}

// condition compiles one `when`; nil: it was refused.
func (d *decoder) condition(n *node, field string, group []string) *expression {
	if n.kind == mapping && len(n.pairs) == 1 && n.pairs[0].value.kind == scalar {
		value := n.pairs[0].value
		written := value.source()
		if v, err := scalarValue(value); err == nil {
			if text, ok := v.(string); ok {
				written = strconv.Quote(text)
			}
		}
		d.fail(n, field, "an expression is needed, not a mapping",
			fmt.Sprintf("write when: %s == %s", short(n.pairs[0].key.text), short(written)))
		return nil
	}
	text := d.text(n, field)
	if text == "" {
		return nil
	}
	e, err := d.spec.Space.compile(text, truth, group)
	if err != nil {
		d.fail(n, field, fmt.Sprintf("`%s`: %v", short(n.text), err),
			d.expressionAdvice(text, truth, group, err))
		return nil
	}
	return e
}
