package offers

import (
	"math"
	"slices"
)

// maxAgentClasses bounds the unlike agents for which fillings are planned.
const maxAgentClasses = 16

// plannable says whether fillings can be planned for all agents together: what fits where must not depend on what is
// placed, but for resources.
func (f *filler) plannable() bool {
	return f.simple && !slices.ContainsFunc(f.decks, func(d deck) bool {
		g := f.p.groups[d.group]
		return g.wish || g.over != nil && g.like.Executor != ""
	})
}

// runPlanned fills agents that are in use already one by one, and the others as the program of configurations says. What
// no agent was planned for goes where it fits.
func (f *filler) runPlanned() {
	f.sampling = false
	order, inUse := f.visits()
	f.balance = newBalance(f.p, f.from, f.to, order)
	f.fillAll(order[:inUse])
	if rest := order[inUse:]; f.left > 0 && len(rest) > 0 {
		rest = f.plan(rest)
		f.balance = newBalance(f.p, f.from, f.to, rest)
		f.fillAll(rest)
	}
}

// plan fills bins of the list by whole columns of the program. Of what is left it makes a smaller program, until all is
// placed. It returns the bins, filled ones first.
func (f *filler) plan(list []int32) []int32 {
	f.balance = newBalance(f.p, f.from, f.to, list)
	f.balance.next()
	l := layout{f: f, goal: f.balance.end, list: list, filled: make([]bool, len(f.p.bins))}
	l.collect()
	if len(l.classes) == 0 {
		return list
	}
	var columns []configuration
	for f.left > 0 {
		for i := range l.rows {
			l.rows[i].count = f.p.shapes[l.rows[i].shape].waiting
		}
		m := newProgram(l.rows, l.classes)
		m.columns = columns
		m.solve(float64(l.goal - len(l.order)))
		l.goal = max(l.goal, len(l.order)+int(math.Ceil(m.total()-wholeEnough)))
		if !l.round(m) {
			break
		}
		columns = slices.DeleteFunc(m.columns, func(c configuration) bool { return !l.waits(&c) })
	}
	return l.rest()
}

// wholeEnough is how near to the next whole number a value counts as it: simplex steps leave rounding errors.
const wholeEnough = 1e-6

// layout turns solutions of the program into placements.
type layout struct {
	f       *filler
	goal    int // bins that should be enough
	list    []int32
	rows    []row
	classes []agentClass
	order   []int32 // bins filled
	filled  []bool  // by bin
}

// collect takes what waits as rows, and sorts bins into classes by what they have free and what may use them; no classes
// when there would be too many.
func (l *layout) collect() {
	p := l.f.p
	for s := l.f.from; s < l.f.to; s++ {
		if p.shapes[s].waiting > 0 {
			r := row{shape: s, need: slices.Clone(p.needs(s))}
			for k, over := range p.groupFor(s).over {
				r.need[k] += over
			}
			l.rows = append(l.rows, r)
		}
	}
	last := -1
	for _, i := range l.list {
		b := &p.bins[i]
		room := p.hosts[b.host].room
		if !l.f.measure(b) {
			continue
		}
		like := func(c agentClass) bool {
			return c.room == room && slices.Equal(c.free, b.free) && slices.Equal(c.marks, l.f.marks)
		}
		if last < 0 || !like(l.classes[last]) {
			last = slices.IndexFunc(l.classes, like)
		}
		if last < 0 {
			if len(l.classes) == maxAgentClasses {
				l.classes = nil
				return
			}
			last = len(l.classes)
			l.classes = append(l.classes, l.class(b, room))
		}
		l.classes[last].bins = append(l.classes[last].bins, i)
	}
}

// class begins a class with a bin.
func (l *layout) class(b *open, room int) agentClass {
	c := agentClass{free: slices.Clone(b.free), marks: slices.Clone(l.f.marks), room: room}
	for i := range l.rows {
		r := &l.rows[i]
		c.allowed = append(c.allowed, l.f.p.allowed(l.f.p.groupFor(r.shape), b, false) > 0)
		for k, need := range r.need {
			share := 0.0
			if need > 0 {
				share = float64(need) / float64(max(1, b.free[k]))
			}
			c.share = append(c.share, share)
		}
	}
	return c
}

// round fills as many bins by each column as the solution has whole; when there is none, one by the column of which it
// has most. It says whether any bin was filled.
func (l *layout) round(m *program) bool {
	any := false
	most, top := -1, 0.0
	for i, c := range m.basis {
		if c == basisOther {
			continue
		}
		if m.value[i] > top && len(l.classes[m.columns[c].class].bins) > 0 {
			most, top = i, m.value[i]
		}
		for n := int(m.value[i] + wholeEnough); n > 0 && len(l.classes[m.columns[c].class].bins) > 0; n-- {
			l.fill(&m.columns[c])
			any = true
		}
	}
	if !any && most >= 0 {
		l.fill(&m.columns[m.basis[most]])
		any = true
	}
	return any
}

// waits says whether as much waits as the column holds.
func (l *layout) waits(c *configuration) bool {
	for i, n := range c.counts {
		if int(n) > l.f.p.shapes[l.rows[i].shape].waiting {
			return false
		}
	}
	return true
}

// fill fills the next bin of the column's class by it, as far as there are tasks.
func (l *layout) fill(c *configuration) {
	class := &l.classes[c.class]
	bin := class.bins[0]
	class.bins = class.bins[1:]
	l.order, l.filled[bin] = append(l.order, bin), true
	p := l.f.p
	b := &p.bins[bin]
	for i, n := range c.counts {
		if n == 0 {
			continue
		}
		s := l.rows[i].shape
		if most := p.room(b, s, min(int(n), p.shapes[s].waiting), false); most > 0 {
			l.f.put(b, s, most)
		}
	}
}

// rest is the bins, filled ones first, the others in an order for what still waits.
func (l *layout) rest() []int32 {
	first := len(l.order)
	for _, b := range l.list {
		if !l.filled[b] {
			l.order = append(l.order, b)
		}
	}
	if l.f.left > 0 {
		l.f.bestFirst(nil, l.order[first:])
	}
	return l.order
}
