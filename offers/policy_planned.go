package offers

import (
	"math"
	"slices"
)

// waiting is the tasks of some shapes.
func (f *filler) waiting(shapes []int32) int {
	n := 0
	for _, s := range shapes {
		n += f.p.shapes[s].waiting
	}
	return n
}

// maxAgentClasses bounds the unlike agents for which fillings are planned.
const maxAgentClasses = 16

// plannable says whether fillings can be planned for all agents together: what fits where must not depend on
// what is placed, but for resources. Many shapes are planned for unequal agents only: on equal ones sampling
// does as well for less.
func (f *filler) plannable(many bool) bool {
	return f.simple && (!many || f.p.unequal() || f.p.opt.planAlways) &&
		!slices.ContainsFunc(f.classes, func(d itemClass) bool {
			g := f.p.groups[d.group]
			return g.wish || g.timed || g.overhead != nil && g.example.Executor != ""
		})
}

// unequal says whether some bin has other cpus or memory than another: bins come in that order.
func (p *pass) unequal() bool {
	if len(p.bins) == 0 {
		return false
	}
	a, b := &p.bins[0].row.free, &p.bins[len(p.bins)-1].row.free
	return a.CPUs != b.CPUs || a.Mem != b.Mem
}

// runPlanned fills agents that are in use already one by one, and the others as the program of configurations
// says. What no agent was planned for goes where it fits.
func (f *filler) runPlanned() {
	f.sampling = false
	order, inUse := f.binOrder()
	f.balance = newBalance(f.p, f.from, f.to, order)
	f.fillAll(order[:inUse])
	if rest := order[inUse:]; f.left > 0 && len(rest) > 0 {
		rest = f.plan(rest)
		f.balance = newBalance(f.p, f.from, f.to, rest)
		if f.left > 0 && int(f.to-f.from) > maxRows {
			f.sampling = true
			f.sampler = f.newSampler()
		}
		f.fillAll(rest)
	}
}

// plan fills bins of the list by whole columns of the program. Of what is left it makes a smaller program,
// until all is placed. It returns the bins, filled ones first.
func (f *filler) plan(list []int32) []int32 {
	f.balance = newBalance(f.p, f.from, f.to, list)
	f.balance.next()
	l := rounding{f: f, goal: f.balance.end, list: list, filled: make([]bool, len(f.p.bins))}
	f.average = f.average[:0]
	for k := range f.balance.need {
		f.average = append(f.average, f.balance.have[k]/float64(max(1, f.balance.end)))
	}
	l.collect()
	if len(l.classes) == 0 {
		return list
	}
	var columns []configuration
	for f.left > 0 {
		for i := range l.rows {
			l.rows[i].count = f.waiting(l.rows[i].shapes)
		}
		m := newConfigurationLP(l.rows, l.classes)
		m.columns = columns
		if l.spread() {
			m.slack = rowSlack
		}
		m.solve(float64(l.goal - len(l.order)))
		if len(l.order) == 0 {
			f.planned = int(math.Ceil(m.total()))
		}
		l.goal = max(l.goal, len(l.order)+int(math.Ceil(m.total()-wholeEnough)))
		if !l.round(m) {
			break
		}
		if l.spread() {
			l.refresh()
			continue
		}
		columns = slices.DeleteFunc(m.columns, func(c configuration) bool { return !l.waits(&c) })
	}
	return l.rest()
}

// Rows of several shapes. As tasks are chosen larger or smaller than the average of their row, a column may
// be over an agent by a little, at a price that keeps agents full on average. The last tasks of a bin are
// chosen to fill it; rows that run out leave little to choose from, so only part of a solution is placed
// before rows are made anew.
const (
	rowSlack   = 0.01
	overPrice  = 1.3
	exactTasks = 3
	roundPart  = 0.85
	roundAll   = 50 // bins: so few are placed at once
)

// wholeEnough is how near to the next whole number a value counts as it: simplex steps leave rounding errors.
const wholeEnough = 1e-6
