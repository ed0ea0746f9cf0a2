package search

import (
	"github.com/kaon-sweep/kaon/sweep"
)

// extended is a search that goes on as another: trials from former.From on have points of next, which is told
// too how those before ended.
type extended struct {
	former   *sweep.Former
	old      Method
	next     Method
	relative bool                // next counts trials from former.From
	points   map[int]sweep.Point // of old, where it cannot be asked twice
}

// goOn is a search that goes on from another as that of spec.
func goOn(old Method, spec *sweep.Spec) (*extended, error) {
	e := &extended{former: spec.Former, old: old, points: map[int]sweep.Point{}}
	var err error
	switch spec.Method {
	case "grid":
		e.next, e.relative = restOfGrid{rest: sweep.NewRest(spec)}, true
	case "lhs":
		rest := *spec // a hypercube of the trials that are left, and another one
		rest.Trials, rest.Seed = max(spec.Trials-spec.Former.From, 1), hash(spec.Seed, uint64(spec.Former.From))
		rest.Try = spec.Try[min(len(spec.Try), spec.Former.From):] // that those before have left
		e.next, e.relative = withTried(&rest, newHypercube(&rest)), true
	default:
		e.next, err = named(spec)
	}
	return e, err
}

// Ask implements Method.
func (e *extended) Ask(index int) (p sweep.Point, ok bool) {
	switch {
	case index >= e.former.From && e.relative:
		return e.next.Ask(index - e.former.From)
	case index >= e.former.From:
		return e.next.Ask(index)
	case fixed(e.old, index):
		return e.old.Ask(index)
	}
	if p, ok = e.old.Ask(index); ok {
		e.points[index] = p
	}
	return p, ok
}

// Tell implements Method.
func (e *extended) Tell(index int, o Outcome) {
	switch {
	case index >= e.former.From && e.relative:
		e.next.Tell(index-e.former.From, o)
	case index >= e.former.From:
		e.next.Tell(index, o)
	default:
		e.old.Tell(index, o)
		e.learn(index, o)
	}
}

// learn tells the new search of a trial of the old one.
func (e *extended) learn(index int, o Outcome) {
	l, ok := e.next.(Learner)
	if !ok {
		return
	}
	p, known := e.points[index]
	if !known {
		if !fixed(e.old, index) {
			return
		}
		if p, known = e.old.Ask(index); !known {
			return
		}
	}
	l.Learn(index, p, o)
}

// Replay implements Method.
func (e *extended) Replay() bool { return e.old.Replay() || e.next.Replay() }

// fixed reports whether the point of a trial depends on its index alone.
func (e *extended) fixed(index int) bool {
	if index >= e.former.From {
		return !e.next.Replay()
	}
	return fixed(e.old, index)
}

// wanted reports whether a search wants to hear how a trial ended whose point it was not asked for.
func wanted(m Method, index int) bool {
	e, ok := m.(*extended)
	return ok && index < e.former.From && (fixed(e.old, index) && e.next.Replay() || wanted(e.old, index))
}

func fixed(m Method, index int) bool {
	if e, ok := m.(*extended); ok {
		return e.fixed(index)
	}
	return !m.Replay()
}

// restOfGrid walks the points of a grid that trials of a former search have not had.
type restOfGrid struct {
	stateless
	rest *sweep.Rest
}

func (g restOfGrid) Ask(index int) (sweep.Point, bool) { return g.rest.At(index) }
