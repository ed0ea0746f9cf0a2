package search

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep"
)

// encode undoes decode: it is the coordinates of a point, settled. active is false for a parameter that the point has
// not, which stands at its middle. ok is false when a value is outside the space.
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
	e.settle(u)
	return u, active, true
}

// coordinates are those of a point that may be of another space. Active says which parameters it has; nil:
// all. It is not ok when a value is none of this space, when constraints refuse the point, or when it has none
// of the parameters.
func (e *encoder) coordinates(p sweep.Point) (u []float64, active []bool, ok bool) {
	values, ok := e.match(p)
	if !ok {
		return nil, nil, false
	}
	u, active = make([]float64, len(e.axes)), make([]bool, len(e.axes))
	there := 0
	for k := range e.axes {
		a := &e.axes[k]
		u[k] = 0.5
		v, has := values[a.place]
		if !has {
			continue
		}
		low, high, ok := cellOf(&a.Dimension, v)
		if !ok {
			return nil, nil, false
		}
		u[k], active[k] = (low+high)/2, true
		there++
	}
	if there == 0 {
		return nil, nil, false
	}
	e.settle(u)
	_, needed, ok := e.decode(u)
	if !ok {
		return nil, nil, false
	}
	whole := true
	for k := range active {
		active[k] = active[k] && (needed == nil || needed[k])
		whole = whole && active[k]
	}
	if whole {
		active = nil
	}
	return u, active, true
}

// match is the values that a point has of the dimensions, by their place. It is not ok when one of a constant is
// another.
func (e *encoder) match(p sweep.Point) (values map[int]sweep.Value, ok bool) {
	known := map[string]sweep.Value{}
	for _, param := range p.Flat() {
		known[param.Name] = param.Value
	}
	values = map[int]sweep.Value{}
	for i := range e.dimensions {
		v, has, ok := e.space.Coordinate(i, func(name string) (sweep.Value, bool) {
			v, has := known[name]
			return v, has
		})
		if !ok || has && e.fixed[i] != nil && !isValue(&e.dimensions[i], v) {
			return nil, false
		}
		if has {
			values[i] = v
		}
	}
	return values, true
}

// cellOf is Cell, for which 1 and 1.0 are the same where only one of them is a value.
func cellOf(d *sweep.Dimension, v sweep.Value) (low, high float64, ok bool) {
	if low, high, ok = d.Cell(v); ok {
		return low, high, ok
	}
	switch v := v.(type) {
	case int64:
		return d.Cell(float64(v))
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return d.Cell(int64(v))
		}
	}
	return 0, 0, false
}

func isValue(d *sweep.Dimension, v sweep.Value) bool {
	_, _, ok := cellOf(d, v)
	return ok
}
