package inline

import "strings"

// Metric is what the sweep is about.
type Metric struct{ Name, Goal string }

// ParseMetric reads a goal and a name, as "max accuracy".
func ParseMetric(text string) (*Metric, error) {
	goal, name, _ := strings.Cut(strings.TrimSpace(text), " ")
	m := &Metric{Name: strings.TrimSpace(name)}
	switch strings.ToLower(goal) {
	case "max", "maximize", "maximise":
		m.Goal = "maximize"
	case "min", "minimize", "minimise":
		m.Goal = "minimize"
	}
	if m.Goal == "" || m.Name == "" {
		return nil, &Error{text, -1, "a metric is a goal and a name", "write 'max accuracy' or 'min loss'"}
	}
	return m, nil
}

func (m *Metric) node() *node {
	return &node{key: "metric", kids: []*node{leaf("name", scalarText(m.Name)), leaf("goal", m.Goal)}}
}
