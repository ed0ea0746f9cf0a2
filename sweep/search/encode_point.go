package search

import "github.com/kaon-sweep/kaon/sweep"

// encode undoes decode: it is the coordinates of a point. active is false for a parameter that the point has not, which
// stands at its middle. ok is false when a value is outside the space.
func (e *encoder) encode(p sweep.Point) (u []float64, active []bool, ok bool) {
	u, active = make([]float64, len(e.axes)), make([]bool, len(e.axes))
	values, there, ok := e.space.Disassemble(p)
	if !ok {
		return nil, nil, false
	}
	for k := range e.axes {
		u[k] = 0.5
		at := e.axes[k].place
		if !there[at] {
			continue
		}
		low, high, ok := e.axes[k].Cell(values[at])
		if !ok {
			return nil, nil, false
		}
		u[k], active[k] = inside((low+high)/2), true
	}
	return u, active, true
}
