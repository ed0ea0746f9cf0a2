package search

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep"
)

// kind is how the values of an axis relate to each other.
type kind uint8

const (
	continuous kind = iota
	ordered         // finitely many values; neighbours are alike
	unordered       // finitely many values, of which none is nearer than another
)

// axis is a parameter that has more than one value, as a coordinate between 0 and 1: its distribution's
// share below the value. So a log-uniform parameter is searched on a log scale, and a normal one densely
// near its mean.
type axis struct {
	sweep.Dimension
	place  int // in Space.Dimensions
	kind   kind
	levels int       // how many values; 0 when continuous, or too many to tell one from its neighbour
	edges  []float64 // of a choice, and of few numbers: value i lies between edges i and i+1
	tabled bool      // ordered, and its kernels have a table
}

// numeric says whether the axis is searched as a number, by its coordinate, and not from value to value.
func (a *axis) numeric() bool { return a.kind != unordered && !a.tabled }

// encoder translates between points and vectors of the unit cube. Constants have no coordinate.
type encoder struct {
	space      *sweep.Space
	dimensions []sweep.Dimension
	fixed      []sweep.Value // by dimension: the constants
	axes       []axis
	condition  bool // some points are refused, or lack parameters
}

// fewLevels is how many values of a number are looked for, by the width of the one in the middle.
const fewLevels = 64

// mostLevels is how many values of an ordered axis are told one by one: with more, a value is little else than a
// coordinate. All axes together have mostTabled pairs of values.
const (
	mostLevels = 256
	mostTabled = 1 << 20
)

// manyLevels is more values than a search tells apart; beyond, an axis counts as continuous.
const manyLevels = 1 << 20

func newEncoder(space *sweep.Space) *encoder {
	e := &encoder{space: space, dimensions: space.Dimensions(), condition: space.Conditional()}
	pairs := 0
	for place, d := range e.dimensions {
		a := axis{Dimension: d, place: place}
		e.fixed = append(e.fixed, nil)
		low, high, _ := a.Cell(a.Quantile(0.5))
		switch {
		case d.Distribution == sweep.Categorical || d.Distribution == sweep.CategoricalProbs:
			a.kind, a.levels = unordered, len(d.Values)
			a.edges = edgesOf(d)
			if d.Ordered() || a.levels == 2 {
				a.kind = ordered
			}
		case high > low && high-low > 1.0/manyLevels:
			a.kind, a.levels = ordered, int(math.Ceil(1/(high-low)))
		}
		// only numbers can be compared
		if low == 0 && high == 1 || a.kind == continuous && a.Quantile(closest) == a.Quantile(1-closest) {
			e.fixed[place] = d.Quantile(0.5) // one value only
			continue
		}
		if a.kind == ordered && a.edges == nil && a.levels <= fewLevels {
			if a.edges = a.walk(); a.edges != nil {
				a.levels = len(a.edges) - 1
			} else {
				a.levels = mostLevels // or more
			}
		}
		if a.kind == ordered && a.edges != nil && a.levels <= mostLevels && pairs+a.levels*a.levels <= mostTabled {
			a.tabled = true
			pairs += a.levels * a.levels
		}
		e.axes = append(e.axes, a)
	}
	return e
}

// edgesOf is the cumulated probabilities of a choice's values.
func edgesOf(d sweep.Dimension) []float64 {
	edges := make([]float64, 1, len(d.Values)+1)
	for i := range d.Values {
		p := 1 / float64(len(d.Values))
		if d.Distribution == sweep.CategoricalProbs {
			p = d.Probabilities[i]
		}
		edges = append(edges, edges[i]+p)
	}
	edges[len(edges)-1] = 1
	return edges
}

// walk is the edges between the values of an ordered axis; nil when they are more than mostLevels, as of a distribution
// with long tails, whose values are dense where it is not.
func (a *axis) walk() []float64 {
	edges := []float64{0}
	for u := 0.0; u < 1-closest; {
		if len(edges) > mostLevels {
			return nil
		}
		_, high := a.cell(inside(u + closest))
		if high <= u { // rounding: the value has no room
			high = u + closest
		}
		edges = append(edges, high)
		u = high
	}
	edges[len(edges)-1] = 1
	return edges
}

// closest is how near a coordinate comes to 0 and 1, where the quantiles of unbounded distributions are
// infinite.
const closest = 1.0 / (1 << 40)

// inside holds a coordinate in the open interval (0,1); NaN becomes the middle.
func inside(u float64) float64 {
	if math.IsNaN(u) {
		return 0.5
	}
	return math.Min(math.Max(u, closest), 1-closest)
}

// category is which value of an axis with edges a coordinate stands for.
func (a *axis) category(u float64) int {
	low, high := 0, a.levels-1
	for low < high {
		if middle := (low + high) / 2; u < a.edges[middle+1] {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// cell is the interval of coordinates that stand for the same value as u.
func (a *axis) cell(u float64) (low, high float64) {
	switch {
	case a.edges != nil:
		c := a.category(u)
		return a.edges[c], a.edges[c+1]
	case a.kind == continuous:
		return u, u
	case a.Distribution == sweep.IntUniform:
		n := a.Max - a.Min + 1
		k := math.Min(math.Floor(u*n), n-1)
		return k / n, (k + 1) / n
	}
	low, high, ok := a.Cell(a.Quantile(inside(u)))
	if !ok || high <= low {
		return u, u
	}
	return low, high
}

// settle moves the coordinates to the middle of their cells, so that equal values have equal coordinates.
func (e *encoder) settle(u []float64) {
	for k := range e.axes {
		low, high := e.axes[k].cell(inside(u[k]))
		u[k] = inside((low + high) / 2)
	}
}

// decode is the point at the coordinates. active says of each axis whether the point has the parameter;
// nil: all. ok is false when a constraint refuses the point.
func (e *encoder) decode(u []float64) (p sweep.Point, active []bool, ok bool) {
	values := append([]sweep.Value(nil), e.fixed...)
	for k := range e.axes {
		values[e.axes[k].place] = e.axes[k].Quantile(inside(u[k]))
	}
	p, there, ok := e.space.Assemble(values)
	if there == nil {
		return p, nil, ok
	}
	active = make([]bool, len(e.axes))
	for k := range e.axes {
		active[k] = there[e.axes[k].place]
	}
	return p, active, ok
}
