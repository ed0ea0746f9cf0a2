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
}

// Counts says whether a value can win: NaN and the infinities are recorded and never do.
func Counts(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

// Better says whether a is strictly better than b for the metric's goal; no goal means minimize, as in W&B.
// A value that does not count is never better, and every value that counts is better than it.
func (m Metric) Better(a, b float64) bool {
	switch {
	case !Counts(a):
		return false
	case !Counts(b):
		return true
	case m.Goal == Maximize:
		return a > b
	}
	return a < b
}

// Wins says whether trial a with its value is to be preferred to trial b: the better value, and among equals
// the lower index. It is a strict total order on trials whose values count, so the winner does not depend on
// the order in which trials end.
func (m Metric) Wins(aTrial int, a float64, bTrial int, b float64) bool {
	if !Counts(a) {
		return false
	}
	if m.Better(a, b) {
		return true
	}
	return a == b && aTrial < bTrial
}

// Reached says whether a value meets the metric's target.
func (m Metric) Reached(value float64) bool {
	if m.Target == nil || !Counts(value) {
		return false
	}
	if m.Goal == Maximize {
		return value >= *m.Target
	}
	return value <= *m.Target
}

// Of is the number of a series, in step order, that stands for the trial; ok is false for an empty series.
// Last takes the last number whatever it is; Min, Max and Mean look only at numbers that count, and give NaN
// when none does.
func (r Reduce) Of(series []float64) (value float64, ok bool) {
	if len(series) == 0 {
		return 0, false
	}
	if r == Last || r == "" {
		return series[len(series)-1], true
	}
	value, n := math.NaN(), uint64(0)
	for _, x := range series {
		if !Counts(x) {
			continue
		}
		n++
		switch {
		case n == 1:
			value = x
		case r == Min:
			value = math.Min(value, x)
		case r == Max:
			value = math.Max(value, x)
		default:
			value = RunningMean(value, x, n)
		}
	}
	return value, true
}
