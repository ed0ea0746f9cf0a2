package importance

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// Trial is one that has a value of the objective.
type Trial struct {
	Trial int
	Point sweep.Point
	Value float64
}

// axis is a parameter that has more than one value, as a coordinate between 0 and 1: its distribution's share
// below the value.
type axis struct {
	sweep.Dimension
	place   int       // in Space.Dimensions
	measure []float64 // of a choice without an order: the probability of each value
}

// mostChoices is how many values a choice without an order may have, to be split in any two parts; with more
// they are taken in the order of the spec.
const mostChoices = 64

func axesOf(space *sweep.Space) (axes []axis) {
	for place, d := range space.Dimensions() {
		low, high, ok := d.Cell(d.Quantile(0.5))
		// only numbers can be compared
		if !ok || low == 0 && high == 1 || d.Values == nil && d.Quantile(1e-9) == d.Quantile(1-1e-9) {
			continue // one value only
		}
		a := axis{Dimension: d, place: place}
		choice := d.Distribution == sweep.Categorical || d.Distribution == sweep.CategoricalProbs
		if choice && !d.Ordered() && len(d.Values) <= mostChoices {
			for _, v := range d.Values {
				low, high, _ := d.Cell(v)
				a.measure = append(a.measure, high-low)
			}
		}
		axes = append(axes, a)
	}
	return axes
}

// row is a trial in coordinates.
type row struct {
	Trial
	values []sweep.Value // by axis
	there  []bool        // by axis: the point has the parameter
	u      []float64     // of a choice without an order: the number of its value
	y      float64       // small is good
}

// rowsOf is the trials whose points the space has. A parameter that is switched off has no effect: it stands
// at a coordinate drawn at random, so that no tree learns from it.
func rowsOf(space *sweep.Space, axes []axis, trials []Trial, maximize bool) (rows []row) {
	dice := rand.New(rand.NewPCG(1, 1))
	for _, t := range trials {
		values, there, ok := space.Disassemble(t.Point)
		if !ok {
			continue // of a range before it was narrowed
		}
		r := row{Trial: t, y: t.Value}
		if maximize {
			r.y = -t.Value
		}
		for _, a := range axes {
			u := dice.Float64()
			if there[a.place] {
				low, high, _ := a.Cell(values[a.place])
				u = (low + high) / 2
			}
			if a.measure != nil {
				u = float64(a.category(u))
			}
			r.u, r.there = append(r.u, u), append(r.there, there[a.place])
			r.values = append(r.values, values[a.place])
		}
		rows = append(rows, r)
	}
	return rows
}

// category is the value of a choice that a coordinate stands for.
func (a *axis) category(u float64) int {
	for i, m := range a.measure {
		if u -= m; u < 0 {
			return i
		}
	}
	return len(a.measure) - 1
}

// scale brings values to between -1 and 1, by a power of two, which rounds nothing: squares of greater ones may be more
// than a number holds, and of smaller ones less than what is worth a split.
func scale(rows []row) {
	largest := 0.0
	for _, r := range rows {
		largest = math.Max(largest, math.Abs(r.y))
	}
	_, exponent := math.Frexp(largest)
	for i := range rows {
		rows[i].y = math.Ldexp(rows[i].y, -exponent)
	}
}

// calm moves values far worse than most to the upper outer fence of Tukey (1977), three interquartile ranges above
// the quartile: a few trainings that went astray would else be all that there is to explain.
func calm(rows []row) {
	y := make([]float64, len(rows))
	for i, r := range rows {
		y[i] = r.y
	}
	slices.Sort(y)
	q1, q3 := y[len(y)/4], y[len(y)*3/4]
	if q1 == q3 {
		return
	}
	for i := range rows {
		rows[i].y = math.Min(rows[i].y, q3+3*(q3-q1))
	}
}
