package gp

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// memory is how many steps L-BFGS remembers.
const memory = 8

// Minimize looks for a minimum of f between bounds, from start: projected L-BFGS (Nocedal 1980; the axes
// that lie on a bound and want to leave it stand still, as in Bertsekas 1982). f returns the value and
// writes the gradient. It returns the best point seen after at most so many evaluations.
func Minimize(f func(x, gradient []float64) float64, start, low, high []float64, evaluations int) ([]float64, float64) {
	d := len(start)
	x, g := append([]float64(nil), start...), make([]float64, d)
	clip(x, low, high)
	value := f(x, g)
	if d == 0 || math.IsNaN(value) {
		return x, value
	}
	var steps, changes [][]float64
	next, gNext, direction := make([]float64, d), make([]float64, d), make([]float64, d)
	for used := 1; used < evaluations; {
		free := 0
		for k := range d {
			direction[k] = -g[k]
			if x[k] <= low[k] && g[k] > 0 || x[k] >= high[k] && g[k] < 0 {
				direction[k] = 0
				continue
			}
			free++
		}
		if free == 0 || floats.Norm(direction, math.Inf(1)) < 1e-7*(1+math.Abs(value)) {
			break
		}
		pinned := append([]float64(nil), direction...)
		twoLoop(direction, steps, changes)
		for k := range d {
			if pinned[k] == 0 {
				direction[k] = 0
			}
		}
		slope := dot(direction, g)
		if !(slope < 0) {
			copy(direction, pinned)
			steps, changes = nil, nil
			slope = dot(direction, g)
		}
		t := 1.0
		if len(steps) == 0 {
			t = math.Min(1, longestFirst/floats.Norm(direction, 2))
		}
		accepted := false
		for ; used < evaluations && t > 1e-12; t /= 3 {
			floats.AddScaledTo(next, x, t, direction)
			clip(next, low, high)
			v := f(next, gNext)
			used++
			if v <= value+1e-4*t*slope {
				accepted = v < value
				steps, changes = remember(steps, changes, x, next, g, gNext)
				value = v
				copy(x, next)
				copy(g, gNext)
				break
			}
		}
		if !accepted {
			if len(steps) == 0 {
				break
			}
			steps, changes = nil, nil
		}
	}
	return x, value
}

// longestFirst is the length of a first step, when nothing is known of the function's curvature.
const longestFirst = 0.3

// twoLoop turns a steepest descent into the quasi-Newton one.
func twoLoop(direction []float64, steps, changes [][]float64) {
	weights := make([]float64, len(steps))
	for i := len(steps) - 1; i >= 0; i-- {
		weights[i] = dot(steps[i], direction) / dot(steps[i], changes[i])
		floats.AddScaled(direction, -weights[i], changes[i])
	}
	if last := len(steps) - 1; last >= 0 {
		floats.Scale(dot(steps[last], changes[last])/dot(changes[last], changes[last]), direction)
	}
	for i := range steps {
		w := dot(changes[i], direction) / dot(steps[i], changes[i])
		floats.AddScaled(direction, weights[i]-w, steps[i])
	}
}

// remember keeps a step if the function curved upwards along it.
func remember(steps, changes [][]float64, x, next, g, gNext []float64) (_, _ [][]float64) {
	s, y := make([]float64, len(x)), make([]float64, len(x))
	floats.SubTo(s, next, x)
	floats.SubTo(y, gNext, g)
	if dot(s, y) <= 1e-12*dot(y, y) {
		return steps, changes
	}
	steps, changes = append(steps, s), append(changes, y)
	if len(steps) > memory {
		steps, changes = steps[1:], changes[1:]
	}
	return steps, changes
}

func clip(x, low, high []float64) {
	for k := range x {
		x[k] = math.Min(math.Max(x[k], low[k]), high[k])
	}
}
