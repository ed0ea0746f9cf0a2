package search

import (
	"slices"
	"sort"

	"github.com/kaon-sweep/kaon/sweep"
)

// accepter is a method that learns and takes points which somebody else has chosen.
type accepter interface {
	// accept is Ask with the answer given. ok is false when the method cannot place the point.
	accept(index int, p sweep.Point) (ok bool)
}

// tried gives the first trials the points of the spec's `try`, and what a method chooses to the others.
type tried struct {
	Method
	points []sweep.Point
	// how many other points come before each of them, ascending, of a search that walks each point once
	before []int
	walks  bool         // it is one
	shift  bool         // the method's index 0 is the first trial after the points
	mine   map[int]bool // trials whose point a method that learns has not taken
}

// withTried has a method run after the points that the spec names.
func withTried(spec *sweep.Spec, m Method) Method {
	if len(spec.Try) == 0 {
		return m
	}
	t := &tried{Method: m, points: spec.Try, mine: map[int]bool{}}
	switch spec.Method {
	case "grid":
		t.walks = true
	case "random":
		t.walks = spec.Space.Unique()
	case "sobol", "halton", "lhs":
		t.shift = true
	}
	for _, p := range spec.Try {
		if at, ok := position(spec, p); t.walks && ok {
			t.before = append(t.before, at)
		}
	}
	slices.Sort(t.before)
	for n := range t.before {
		t.before[n] -= n
	}
	return t
}

// position is the index at which a search that walks each point once comes to a point.
func position(spec *sweep.Spec, p sweep.Point) (int, bool) {
	if spec.Method == "random" || spec.Shuffled {
		return spec.Space.Position(spec.Seed, p)
	}
	n, ok := spec.Space.Rank(p)
	if !ok || !n.IsInt64() {
		return 0, false
	}
	return int(n.Int64()), true
}

// Ask implements Method.
func (t *tried) Ask(index int) (sweep.Point, bool) {
	if index >= 0 && index < len(t.points) {
		p := t.points[index]
		if t.Replay() {
			if a, ok := t.Method.(accepter); !ok || !a.accept(index, p) {
				t.mine[index] = true
			}
		}
		return p, true
	}
	switch {
	case t.walks:
		return t.Method.Ask(t.after(index - len(t.points)))
	case t.shift:
		return t.Method.Ask(index - len(t.points))
	}
	return t.Method.Ask(index)
}

// after is the method's index of element i of the points that are not tried first.
func (t *tried) after(i int) int { return i + sort.SearchInts(t.before, i+1) }

// Tell implements Method.
func (t *tried) Tell(index int, o Outcome) {
	if !t.mine[index] {
		t.Method.Tell(index, o)
	}
}

// accept implements accepter for all methods with a history.
func (h *history) accept(index int, p sweep.Point) bool {
	u, active, ok := h.encoder.encode(p)
	if ok {
		h.add(index, u, active)
	}
	return ok
}

// accept implements accepter: what the strategy did not draw is told as an injected point.
func (c *cma) accept(index int, p sweep.Point) bool {
	ok := c.history.accept(index, p)
	if a := c.trials[index]; ok && a != nil {
		c.drawn[index] = draw{slices.Clone(a.u), c.restarts, -1}
	}
	return ok
}
