package board

import (
	"fmt"
	"math"

	"github.com/kaon-sweep/kaon/results"
)

// Bounded says whether a metric of the sweep has bounds.
func (b *Board) Bounded() bool {
	for _, m := range b.declared {
		if m.Bounded() {
			return true
		}
	}
	return false
}

// violation is how far a point lies outside the bounds of the metrics; 0: it is feasible.
// Of a metric that the point has not it is infinite.
func (b *Board) violation(point int) (sum float64) {
	for id, m := range b.declared {
		if !m.Bounded() {
			continue
		}
		v, n := b.pointValue(point, uint32(id))
		if n == 0 {
			return math.Inf(1)
		}
		sum += m.Violation(v)
	}
	return sum
}

// Violation is a bound of a metric that a trial breaks.
type Violation struct {
	Metric string          `json:"metric"`
	Value  *results.Number `json:"value,omitempty"` // nil: it was not reported
	Min    *float64        `json:"min,omitempty"`
	Max    *float64        `json:"max,omitempty"`
}

// String is the violation for people.
func (v Violation) String() string {
	bound := ""
	switch {
	case v.Min != nil && v.Max != nil:
		bound = fmt.Sprintf("%v to %v", *v.Min, *v.Max)
	case v.Max != nil:
		bound = fmt.Sprintf("at most %v", *v.Max)
	case v.Min != nil:
		bound = fmt.Sprintf("at least %v", *v.Min)
	}
	if v.Value == nil {
		return fmt.Sprintf("%s was not reported, and is to be %s", v.Metric, bound)
	}
	return fmt.Sprintf("%s is %s, and is to be %s", v.Metric, v.Value, bound)
}

// violations is the bounds that a trial breaks by what it has reported; nil: none.
func (b *Board) violations(t *trial) (all []Violation) {
	for id, m := range b.declared {
		if !m.Bounded() {
			continue
		}
		v, ok := b.value(t, uint32(id))
		if ok && m.Violation(v) == 0 {
			continue
		}
		broken := Violation{Metric: m.Name, Min: m.Min, Max: m.Max}
		if n := results.Number(v); ok {
			broken.Value = &n
		}
		all = append(all, broken)
	}
	return all
}

// infeasible is how many points break the bounds, of those whose trials succeeded.
func (b *Board) infeasible() (n int) {
	if !b.Bounded() {
		return 0
	}
	for p := range b.pointCount() {
		if _, reported := b.pointValue(p, 0); (reported > 0 || b.cfg.Objective.Name == "" && b.succeeded(p)) &&
			b.violation(p) > 0 {
			n++
		}
	}
	return n
}

func (b *Board) succeeded(point int) bool {
	for i := range b.Repeats() {
		if t := b.known(point*b.Repeats() + i); t != nil && t.state.CanWin() {
			return true
		}
	}
	return false
}
