package stop

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep"
)

// plateau ends a trial that has not become better for so many steps, as done. Its marks are the best loss, and the step
// of it.
type plateau struct {
	simple
	scale
	e *sweep.EarlyStop
}

func (p plateau) report(t *trial, at int, r *Report) []Decision {
	loss, marks := p.loss(r.Value), t.Marks[at]
	if len(marks) < 2 || loss < marks[0]-p.e.MinDelta || math.IsInf(marks[0], 1) && !math.IsInf(loss, 1) {
		t.Marks[at] = []float64{loss, float64(t.At)}
		return nil
	}
	if t.At < p.e.Start || float64(t.At)-marks[1] < float64(p.e.Patience) {
		return nil
	}
	return []Decision{{
		Trial: t.number, Rule: sweep.Plateau, Done: !math.IsInf(marks[0], 1), Step: t.At,
		Value: sweep.Float(p.value(marks[0])), Bound: sweep.Float(marks[1]),
	}}
}

// begin forgets what an earlier attempt came to.
func (plateau) begin(t *trial, at int) { t.Marks[at] = nil }

// threshold ends a trial that reports a value out of bounds, or none that is a number.
type threshold struct {
	simple
	e *sweep.EarlyStop
}

func (x threshold) report(t *trial, _ int, r *Report) []Decision {
	if t.At < x.e.Start {
		return nil
	}
	bound := 0.0
	switch {
	case x.e.Lower != nil && !(r.Value >= *x.e.Lower):
		bound = *x.e.Lower
	case x.e.Upper != nil && !(r.Value <= *x.e.Upper):
		bound = *x.e.Upper
	case math.IsInf(r.Value, 0):
		bound = r.Value
	default:
		return nil
	}
	return []Decision{{Trial: t.number, Rule: sweep.Threshold, Step: t.At, Value: sweep.Float(r.Value),
		Bound: sweep.Float(bound)}}
}
