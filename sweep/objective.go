package sweep

import "math"

// Goal is the direction of a metric.
type Goal string

const (
	Minimize Goal = "minimize"
	Maximize Goal = "maximize"
)

// Reduce says which number of a metric's series stands for the trial.
type Reduce string

const (
	Last Reduce = "last"
	Min  Reduce = "min"
	Max  Reduce = "max"
	Mean Reduce = "mean"
)

// Metric is a recorded number; with a Goal it is an objective.
type Metric struct {
	Name   string   `json:"name"` // a dot steps into a nested report: summary.acc
	Goal   Goal     `json:"goal,omitempty"`
	Reduce Reduce   `json:"reduce,omitempty"`
	Target *float64 `json:"target,omitempty"` // W&B: the sweep ends when a trial reaches it
	// Step is the reported number by which early stopping and budgets count how far a trial is; empty: its reports of
	// the metric are counted.
	Step string `json:"step,omitempty"`
	// Bounds: a trial outside them, or without the metric, is infeasible. It ranks behind the others and never wins.
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
	// Reference is where hypervolumes are measured from in this metric; nil: from the worst value there is.
	Reference *float64 `json:"reference,omitempty"`
}

// IsFinite reports whether a value is a number that can win: NaN and the infinities are recorded and never do.
func IsFinite(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

// Better says whether a is strictly better than b for the metric's goal; no goal means minimize, as in W&B.
// A value that is not finite is never better, and every finite one is better than it.
func (m Metric) Better(a, b float64) bool {
	switch {
	case !IsFinite(a):
		return false
	case !IsFinite(b):
		return true
	case m.Goal == Maximize:
		return a > b
	}
	return a < b
}

// Wins says whether trial a with its value is to be preferred to trial b: the better value, and among equals
// the lower index. It is a strict total order on trials with finite values, so the winner does not depend on
// the order in which trials end.
func (m Metric) Wins(aTrial int, a float64, bTrial int, b float64) bool {
	if !IsFinite(a) {
		return false
	}
	if m.Better(a, b) {
		return true
	}
	return a == b && aTrial < bTrial
}

// Reached says whether a value meets the metric's target.
func (m Metric) Reached(value float64) bool {
	if m.Target == nil || !IsFinite(value) {
		return false
	}
	if m.Goal == Maximize {
		return value >= *m.Target
	}
	return value <= *m.Target
}
