package offers

import (
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// configurationLP is the linear program of configurations (Gilmore and Gomory, 1961): columns are ways to
// fill an agent of a class, and the least sum of columns that holds all that waits is sought, columns
// divisible. A column is made when the prices of the solution so far say that it gains. It is solved by a
// revised simplex: rows are shapes, of which at least count must be placed, and classes, of which at most
// count may be used.
type configurationLP struct {
	rows    []itemGroup
	classes []agentClass
	columns []configuration
	basis   []int32     // by row: a column, or what is not one
	inverse [][]float64 // of the basis
	value   []float64   // of the basic columns
	cost    []float64   // of the basic columns
	duals   []float64
	step    []float64 // buffer
	entry   []float64 // buffer
	fill    []int32   // buffer
	knapsack
}

// itemGroup is a shape of the program, or shapes that are alike.
type itemGroup struct {
	shapes []int32 // by rising need of the axis
	axis   int     // the dimension in which they differ most
	spread float64
	size   float64
	need   []resource.Milli // on average
	count  int
}

// agentClass is bins that are alike.
type agentClass struct {
	bins    []int32
	free    []resource.Milli
	room    int
	marks   []byte    // by group, see pattern
	allowed []bool    // by row
	share   []float64 // of what is free, by row and dimension
}

// configuration is one way to fill an agent of a class: how many of each row.
type configuration struct {
	class  int32
	counts []int32
	cost   float64 // 1, or more when it needs tasks smaller than average
}

// What a basis holds beside columns.
const basisOther = -1

// The effort of a program: columns made, nodes of a search for one, and the gain of a column that is not
// worth having.
const (
	programSteps = 400
	quickNodes   = 400
	fullNodes    = 8000
	programGain  = 2e-4
)

// newConfigurationLP begins with an agent of its own, outside of all classes, for every task.
func newConfigurationLP(rows []itemGroup, classes []agentClass) *configurationLP {
	n := len(rows) + len(classes)
	m := &configurationLP{rows: rows, classes: classes}
	flat := make([]float64, n*n+5*n)
	take := func() []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	m.value, m.cost, m.duals, m.step, m.entry = take(), take(), take(), take(), take()
	m.fill = make([]int32, len(rows))
	for i := range n {
		line := take()
		line[i] = 1
		m.inverse = append(m.inverse, line)
		m.basis = append(m.basis, basisOther)
		if i < len(rows) {
			m.value[i], m.cost[i] = float64(rows[i].count), 1
		} else {
			m.value[i] = float64(len(classes[i-len(rows)].bins))
		}
	}
	return m
}

// solve makes columns until none gains, or until no more agents are used than goal.
func (m *configurationLP) solve(goal float64) {
	for range programSteps {
		m.price()
		if m.total() <= goal || !m.improve() {
			return
		}
	}
}

func (m *configurationLP) total() float64 {
	sum := 0.0
	for i, c := range m.cost {
		sum += c * m.value[i]
	}
	return sum
}

// price sets the duals of the basis.
func (m *configurationLP) price() {
	clear(m.duals)
	for i, c := range m.cost {
		if c != 0 {
			for j, v := range m.inverse[i] {
				m.duals[j] += c * v
			}
		}
	}
}

// improve takes the column that gains most into the basis: one made before, else the best that a search
// finds.
func (m *configurationLP) improve() bool {
	best, gain := int32(basisOther), programGain
	for i := range m.columns {
		if g := m.gain(&m.columns[i]); g > gain {
			best, gain = int32(i), g
		}
	}
	if best == basisOther {
		for _, m.limit = range []int{quickNodes, fullNodes} {
			if best = m.make(); best != basisOther {
				break
			}
		}
	}
	if best != basisOther {
		clear(m.entry)
		for i, n := range m.columns[best].counts {
			m.entry[i] = float64(n)
		}
		m.entry[len(m.rows)+int(m.columns[best].class)] = 1
		return m.enter(best, m.columns[best].cost)
	}
	return m.surplus() && m.enter(basisOther, 0)
}

// gain is how many agents one more use of the column saves.
func (m *configurationLP) gain(c *configuration) float64 {
	sum := m.duals[len(m.rows)+int(c.class)] - c.cost
	for i, n := range c.counts {
		sum += float64(n) * m.duals[i]
	}
	return sum
}

// make searches every class for a column that gains, and answers the one that gains most.
func (m *configurationLP) make() int32 {
	best, gain := int32(basisOther), programGain
	for t := range m.classes {
		dual := m.duals[len(m.rows)+t]
		g := m.search(&m.classes[t], m.rows, m.duals[:len(m.rows)], 1-dual+programGain, m.fill) + dual - 1
		if g <= programGain*(1+1e-9) {
			continue
		}
		m.columns = append(m.columns, configuration{int32(t), slices.Clone(m.fill), 1 + m.over})
		if g > gain {
			best, gain = int32(len(m.columns)-1), g
		}
	}
	return best
}

// surplus is the column by which a shape with a negative dual is placed more often than it must, or a class
// with a positive one is used less; false when there is none.
func (m *configurationLP) surplus() bool {
	worst, at := 1e-9, -1
	for j, dual := range m.duals {
		if j < len(m.rows) && -dual > worst {
			worst, at = -dual, j
		} else if j >= len(m.rows) && dual > worst {
			worst, at = dual, j
		}
	}
	if at < 0 {
		return false
	}
	clear(m.entry)
	m.entry[at] = 1
	if at < len(m.rows) {
		m.entry[at] = -1
	}
	return true
}

// enter takes the column of entry into the basis in place of the one that runs out first.
func (m *configurationLP) enter(column int32, cost float64) bool {
	out, least := -1, math.Inf(1)
	for i, line := range m.inverse {
		d := 0.0
		for j, c := range m.entry {
			if c != 0 {
				d += line[j] * c
			}
		}
		m.step[i] = d
		if d > 1e-9 && m.value[i]/d < least {
			out, least = i, m.value[i]/d
		}
	}
	if out < 0 {
		return false
	}
	pivot := m.inverse[out]
	for j := range pivot {
		pivot[j] /= m.step[out]
	}
	m.value[out], m.cost[out], m.basis[out] = least, cost, column
	for i, line := range m.inverse {
		f := m.step[i]
		if i == out || f == 0 {
			continue
		}
		for j, v := range pivot {
			line[j] -= f * v
		}
		m.value[i] = max(0, m.value[i]-f*least)
	}
	return true
}
