package sweep

import "math"

// Bounded says whether the metric has bounds: a trial outside them is infeasible.
func (m Metric) Bounded() bool { return m.Min != nil || m.Max != nil }

// Violation is how far a value lies outside the metric's bounds: 0 inside, and infinite of one that is no number or was
// not reported (NaN).
func (m Metric) Violation(value float64) float64 {
	switch {
	case !m.Bounded():
		return 0
	case !IsFinite(value):
		return math.Inf(1)
	case m.Max != nil && value > *m.Max:
		return value - *m.Max
	case m.Min != nil && value < *m.Min:
		return *m.Min - value
	}
	return 0
}

// Goals are the metrics with a direction: the objective, then the declared ones in their order.
func (s *Spec) Goals() (goals []Metric) {
	if s.Objective.Name != "" {
		goals = append(goals, s.Objective)
	}
	for _, m := range s.Metrics {
		if m.Goal != "" {
			goals = append(goals, m)
		}
	}
	return goals
}
