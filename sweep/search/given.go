package search

import (
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// receiver is a method that can be told what a trial was given.
type receiver interface {
	// given says that a trial it was just asked for has another point than it answered: what it was given by an earlier
	// version of kaon, or by a processor of other arithmetic. Results of the trial are those of that point.
	given(index int, p sweep.Point)
}

// give tells a method, if it can be told.
func give(m Method, index int, p sweep.Point) {
	if r, ok := m.(receiver); ok {
		r.given(index, p)
	}
}

// rounding is how far apart coordinates are that differ in how they were computed alone.
const rounding = 1e-9

// given implements receiver.
func (h *history) given(index int, p sweep.Point) { h.replace(index, p) }

// replace puts a point in the place of the one that a trial in flight has. It tells whether that is another point, and
// not the same but for the rounding of its coordinates. A trial whose point is none of the space is forgotten.
func (h *history) replace(index int, p sweep.Point) (other bool) {
	a := h.trials[index]
	if u, active, ok := h.encoder.encode(p); a != nil && ok && a.isNear(u, active) {
		return false
	}
	if a != nil {
		delete(h.trials, index)
		delete(h.seen, h.key(a.u, a.active))
		h.flying = slices.DeleteFunc(h.flying, func(f *asked) bool { return f == a })
	}
	h.accept(index, p)
	return true
}

// isNear tells whether the point has these parameters at these coordinates, but for their rounding.
func (a *asked) isNear(u []float64, active []bool) bool {
	for k := range u {
		if a.has(k) != (active == nil || active[k]) || a.has(k) && math.Abs(u[k]-a.u[k]) > rounding {
			return false
		}
	}
	return true
}

// given implements receiver: another point than the strategy drew is one that was injected.
func (c *cma) given(index int, p sweep.Point) {
	if !c.replace(index, p) {
		return
	}
	delete(c.drawn, index)
	if a := c.trials[index]; a != nil {
		c.drawn[index] = draw{slices.Clone(a.u), c.restarts, -1}
	}
}

// given implements receiver.
func (t *tried) given(index int, p sweep.Point) {
	if !t.mine[index] {
		give(t.Method, index, p)
	}
}

// given implements receiver: all trials of a point run with what the first was given.
func (r *repeated) given(index int, p sweep.Point) {
	at := index / r.repeat.Trials
	if known := r.points[at]; known != nil {
		known.point = p
	}
	give(r.Method, at, p)
}

// given implements receiver.
func (e *extended) given(index int, p sweep.Point) {
	switch {
	case index >= e.former.From && e.relative:
		give(e.next, index-e.former.From, p)
	case index >= e.former.From:
		give(e.next, index, p)
	default:
		e.points[index] = p
		give(e.old, index, p)
	}
}
