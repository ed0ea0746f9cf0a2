package search

import (
	"github.com/kaon-sweep/kaon/sweep"
)

// Misfits counts the trials that the spec's search starts from and can learn nothing of, by the reason.
func Misfits(spec *sweep.Spec) (fits int, misfits map[string]int) {
	misfits = map[string]int{}
	e := newEncoder(spec.Space)
	for _, t := range spec.Prior {
		if _, _, ok := e.coordinates(t.Point); ok {
			fits++
			continue
		}
		misfits[e.misfit(t.Point)]++
	}
	return fits, misfits
}

// misfit says why a point tells nothing of the space.
func (e *encoder) misfit(p sweep.Point) string {
	shared := false
	known := map[string]sweep.Value{}
	for _, param := range p.Flat() {
		known[param.Name] = param.Value
	}
	for i, d := range e.dimensions {
		v, has, ok := e.space.Coordinate(i, func(name string) (sweep.Value, bool) {
			v, has := known[name]
			shared = shared || has
			return v, has
		})
		switch {
		case !ok:
			return "`" + d.Name + "` and what is zipped with it have other values there than any here together"
		case has && !isValue(&d, v):
			return "`" + d.Name + "` has another value there than any here"
		}
	}
	if !shared {
		return "no parameter of it is one here"
	}
	return "`constraints` or `exclude` refuse it"
}
