package sweep

import (
	"fmt"
	"slices"
)

// metricList is the items of `metrics`: a list of names and mappings, or one mapping by name.
func (d *decoder) metricList(n *node) []*node {
	if n == nil || n.kind != mapping {
		return d.list(n, "metrics", "metrics: [loss, {name: latency_ms, goal: minimize, max: 20}]")
	}
	var items []*node
	for _, p := range n.pairs {
		item := &node{kind: mapping, line: p.key.line, column: p.key.column, origin: p.key.origin,
			pairs: []pair{{key: &node{text: "name", plain: true, line: p.key.line, column: p.key.column},
				value: p.key}}}
		switch {
		case p.value.kind == mapping:
			item.pairs = append(item.pairs, p.value.pairs...)
		case p.value.text == string(Minimize) || p.value.text == string(Maximize):
			item.pairs = append(item.pairs, pair{key: &node{text: "goal", plain: true}, value: p.value})
		case !p.value.null:
			d.fail(p.value, "metrics."+p.key.text, "a mapping is needed, not "+p.value.what(),
				fmt.Sprintf("write `%s: {goal: minimize}` or `%s: {max: 20}`", short(p.key.text), short(p.key.text)))
			continue
		}
		items = append(items, item)
	}
	return items
}

// metricNumbers reads the keys of a metric that are numbers: its bounds, and what hypervolumes are measured from.
func (d *decoder) metricNumbers(m *Metric, n *node, field string) {
	m.Min = d.optional(n, field, "min")
	m.Max = d.optional(n, field, "max")
	m.Reference = d.optional(n, field, "reference")
	if m.Min != nil && m.Max != nil && *m.Min > *m.Max {
		d.fail(n.get("min"), join(field, "min"),
			fmt.Sprintf("min %s is above max %s: no trial would be feasible", pythonFloat(*m.Min), pythonFloat(*m.Max)),
			"swap min and max")
	}
}

// leadingGoal makes the first metric with a goal the objective of a spec that has no `metric`.
func (s *Spec) leadingGoal() {
	i := slices.IndexFunc(s.Metrics, func(m Metric) bool { return m.Goal != "" })
	if s.Objective.Name != "" || i < 0 {
		return
	}
	s.Objective = s.Metrics[i]
	s.Metrics = slices.Delete(s.Metrics, i, i+1)
}

// metricConstraint reads rules over metrics that stand in `constraints`: latency_ms: {max: 20}.
func (d *decoder) metricConstraint(n *node, field string) {
	for _, p := range n.pairs {
		name := p.key.text
		at := join(field, name)
		_, parameter := d.leaf(name)
		switch {
		case parameter:
			d.fail(p.key, at, fmt.Sprintf("`%s` is a parameter, and bounds in `constraints` are those of metrics",
				short(name)),
				fmt.Sprintf("write the rule as text, as in \"%s <= 1\"", short(name)))
			continue
		case p.value.kind != mapping || p.value.get("min") == nil && p.value.get("max") == nil:
			d.fail(p.value, at, "bounds of a metric are needed, not "+p.value.what(),
				fmt.Sprintf("write `%s: {max: 20}` or `%s: {min: 0.5}`", short(name), short(name)))
			continue
		}
		for _, q := range p.value.pairs {
			if q.key.text != "min" && q.key.text != "max" {
				d.fail(q.key, join(at, q.key.text), fmt.Sprintf("unknown key `%s`", short(q.key.text)),
					"it takes `min` and `max`")
			}
		}
		var bounds Metric
		d.metricNumbers(&bounds, p.value, at)
		m := d.declared(name)
		if m.Bounded() {
			d.fail(p.key, at, fmt.Sprintf("metric `%s` has bounds already", short(name)), "give its bounds once")
			continue
		}
		m.Min, m.Max = bounds.Min, bounds.Max
	}
}

// declared is a metric by its name, which is declared now if it was not.
func (d *decoder) declared(name string) *Metric {
	s := d.spec
	if s.Objective.Name == name {
		return &s.Objective
	}
	i := slices.IndexFunc(s.Metrics, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		i = len(s.Metrics)
		s.Metrics = append(s.Metrics, Metric{Name: name, Reduce: Last})
	}
	return &s.Metrics[i]
}

// metricIn is a metric that an expression names; empty: none.
func (d *decoder) metricIn(text string) string {
	for _, name := range identifier.FindAllString(text, -1) {
		known := name != "" && name == d.spec.Objective.Name
		for _, m := range d.spec.Metrics {
			known = known || m.Name == name
		}
		if _, parameter := d.leaf(name); known && !parameter {
			return name
		}
	}
	return ""
}
