package bench

import (
	"cmp"
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// class is trials of one shape, or of shapes rounded down to it.
type class struct {
	need  amounts
	count int
}

// Limits of the column generation: classes, columns made, and nodes of one search for a column. Where a limit is met
// the bound is smaller, never wrong.
const (
	maxClasses    = 64
	maxIterations = 600
	maxNodes      = 20000
)

// configurationBound is a lower bound by the linear program of Gilmore and Gomory: its columns are all ways to fill a
// machine of some type, and the least sum of columns that holds all trials is sought, columns divisible. Columns are
// generated where their reduced cost is negative. The bound at any time is Farley's: duals scaled until no way to fill
// a machine is worth more than 1, so it holds before the program is solved to the end.
func configurationBound(types []machineType, trials []Trial, goal int) int {
	m := newMaster(types, classesOf(types, trials))
	for range maxIterations {
		if !m.iterate() || atLeast(m.bound) >= goal {
			break
		}
	}
	return atLeast(m.bound)
}

// classesOf counts trials by shape. More shapes than maxClasses are sorted by the resource of which they need most in
// all and cut into classes of equal number, each as small as its smallest trial in every resource.
func classesOf(types []machineType, trials []Trial) []class {
	list := countShapes(trials)
	var need, size amounts
	for _, c := range list {
		for k, n := range c.need {
			need[k] += resource.Milli(c.count) * n
		}
	}
	if len(list) <= maxClasses {
		return list
	}
	for _, t := range types {
		for k := range size {
			size[k] += t.size[k]
		}
	}
	scarce := 0
	for k := range need {
		if share(need[k], size[k]) > share(need[scarce], size[scarce]) {
			scarce = k
		}
	}
	slices.SortFunc(list, func(a, b class) int {
		return cmp.Or(cmp.Compare(a.need[scarce], b.need[scarce]), slices.Compare(a.need[:], b.need[:]))
	})
	var merged []class
	for per := (len(trials) + maxClasses - 1) / maxClasses; len(list) > 0; {
		c := list[0]
		n := 1
		for ; n < len(list) && c.count < per; n++ {
			c.count += list[n].count
			for k := range c.need {
				c.need[k] = min(c.need[k], list[n].need[k])
			}
		}
		merged, list = append(merged, c), list[n:]
	}
	return merged
}

// countShapes counts trials by shape, in order of first appearance.
func countShapes(trials []Trial) []class {
	at := make(map[amounts]int)
	var list []class
	for i := range trials {
		s := trials[i].amounts()
		n, known := at[s]
		if !known {
			n = len(list)
			at[s] = n
			list = append(list, class{need: s})
		}
		list[n].count++
	}
	return list
}

// master is the linear program with the columns so far, as a revised simplex: rows are classes (at least count placed)
// and types (at most count used).
type master struct {
	types   []machineType
	classes []class
	inverse [][]float64 // of the basis
	value   []float64   // of the basic variables
	cost    []float64   // of the basic variables
	duals   []float64
	bound   float64
}

// newMaster begins with a machine per trial, outside of all types, and all machines idle.
func newMaster(types []machineType, classes []class) *master {
	n := len(classes) + len(types)
	m := &master{types: types, classes: classes, value: make([]float64, n), cost: make([]float64, n),
		duals: make([]float64, n)}
	for i := range n {
		row := make([]float64, n)
		row[i] = 1
		m.inverse = append(m.inverse, row)
		if i < len(classes) {
			m.value[i], m.cost[i] = float64(classes[i].count), 1
		} else {
			m.value[i] = float64(types[i-len(classes)].count)
		}
	}
	return m
}

// iterate prices columns, keeps the best bound, and takes the column that gains most into the basis; false at the
// optimum.
func (m *master) iterate() bool {
	for j := range m.duals {
		m.duals[j] = 0
		for i, c := range m.cost {
			m.duals[j] += c * m.inverse[i][j]
		}
	}
	worth := make([]float64, len(m.classes))
	for i := range worth {
		worth[i] = max(0, m.duals[i])
	}
	tops := make([]float64, len(m.types))
	var column []float64
	gain := 1e-7
	for t := range m.types {
		s := newSearch(m.types[t].size, m.classes, worth)
		s.run()
		tops[t] = s.top
		if g := s.found + m.duals[len(m.classes)+t] - 1; g > gain {
			gain = g
			column = make([]float64, len(m.duals))
			for i, n := range s.best {
				column[i] = float64(n)
			}
			column[len(m.classes)+t] = 1
		}
	}
	m.bound = max(m.bound, m.farley(worth, tops))
	if column == nil {
		column = m.surplus()
	}
	return column != nil && m.enter(column)
}

// surplus is the column by which a class with a negative dual is placed more often than it must, or a type with a
// positive one is used less; nil when there is none.
func (m *master) surplus() []float64 {
	worst, at := 1e-9, -1
	for j, dual := range m.duals {
		if j < len(m.classes) && -dual > worst {
			worst, at = -dual, j
		} else if j >= len(m.classes) && dual > worst {
			worst, at = dual, j
		}
	}
	if at < 0 {
		return nil
	}
	column := make([]float64, len(m.duals))
	column[at] = 1
	if at < len(m.classes) {
		column[at] = -1
	}
	return column
}

// farley is the bound of duals of the classes when a machine of a type can hold tops of them at most: scaled by s, each
// machine of a type that holds more than 1 costs the excess. It is concave in s, and its corners are where a type holds
// 1.
func (m *master) farley(worth, tops []float64) float64 {
	all := 0.0
	for i, w := range worth {
		all += w * float64(m.classes[i].count)
	}
	best := 0.0
	for _, corner := range tops {
		if corner <= 0 {
			continue
		}
		s := 1 / corner
		bound := s * all
		for t, top := range tops {
			bound -= float64(m.types[t].count) * max(0, s*top-1)
		}
		best = max(best, bound)
	}
	return best
}

// enter takes a column into the basis, whose cost is 1 when it uses a machine, in place of the one that runs out first.
func (m *master) enter(column []float64) bool {
	n := len(m.value)
	step := make([]float64, n)
	for i := range n {
		for j, c := range column {
			if c != 0 {
				step[i] += m.inverse[i][j] * c
			}
		}
	}
	out, least := -1, math.Inf(1)
	for i, d := range step {
		if d > 1e-9 && m.value[i]/d < least {
			out, least = i, m.value[i]/d
		}
	}
	if out < 0 {
		return false
	}
	cost := 0.0
	for t := range m.types {
		if column[len(m.classes)+t] > 0 && slices.ContainsFunc(column[:len(m.classes)], func(c float64) bool {
			return c > 0
		}) {
			cost = 1
		}
	}
	for j := range n {
		m.inverse[out][j] /= step[out]
	}
	m.value[out] = least
	m.cost[out] = cost
	for i := range n {
		if i == out || step[i] == 0 {
			continue
		}
		for j := range n {
			m.inverse[i][j] -= step[i] * m.inverse[out][j]
		}
		m.value[i] = max(0, m.value[i]-step[i]*least)
	}
	return true
}
