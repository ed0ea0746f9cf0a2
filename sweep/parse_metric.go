package sweep

import (
	"fmt"
	"slices"
)

// objectives reads `metric` and `metrics`.
func (d *decoder) objectives(root *node) {
	s := d.spec
	if n := root.get("metric"); n != nil && !n.null {
		s.Objective = d.metric(n, "metric")
		if s.Objective.Goal == "" {
			s.Objective.Goal = Minimize // W&B's default
		}
	}
	seen := map[string]bool{s.Objective.Name: true}
	for i, item := range d.metricList(root.get("metrics")) {
		field := fmt.Sprintf("metrics.%d", i)
		m := d.metric(item, field)
		if seen[m.Name] && m.Name != "" {
			d.fail(item, field, fmt.Sprintf("metric `%s` is named twice", short(m.Name)),
				"name each metric once")
		}
		seen[m.Name] = true
		s.Metrics = append(s.Metrics, m)
	}
	s.leadingGoal()
}

func (d *decoder) metric(n *node, field string) Metric {
	m := Metric{Reduce: Last}
	if n.kind == scalar {
		m.Name = d.text(n, field)
		return m
	}
	if remedy := metricOf(n); remedy != "" {
		d.fail(n, field, "the metric is named by `name`", remedy)
		return m
	}
	if !d.mapping(n, field, "metric") {
		return m
	}
	if name := n.get("name"); name == nil && slices.ContainsFunc(n.pairs, func(p pair) bool {
		return !slices.Contains(keys["metric"], p.key.text) && suggestKey("metric", p.key.text) == "name"
	}) {
		// reported
	} else if name == nil {
		d.fail(n, field+".name", "the metric has no name",
			"add the name that trials report, as in `name: loss`")
	} else if m.Name = d.text(name, field+".name"); m.Name == "" || len(m.Name) > 200 {
		d.fail(name, field+".name", "a name of 1 to 200 bytes is needed", "")
	}
	m.Goal = Goal(d.word(n.get("goal"), field+".goal", []string{string(Minimize), string(Maximize)}))
	if r := d.word(n.get("reduce"), field+".reduce",
		[]string{string(Last), string(Min), string(Max), string(Mean)}); r != "" {
		m.Reduce = Reduce(r)
	}
	if step := n.get("step"); step != nil && !step.null {
		m.Step = d.text(step, field+".step")
	}
	d.metricNumbers(&m, n, field)
	if t := n.get("target"); t != nil {
		if v, ok := d.float(t, field+".target"); ok {
			m.Target = &v
		}
	}
	return m
}
