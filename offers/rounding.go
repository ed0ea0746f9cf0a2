package offers

import (
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// rounding turns solutions of the program into placements.
type rounding struct {
	f       *filler
	goal    int // bins that should be enough
	list    []int32
	rows    []itemGroup
	classes []agentClass
	order   []int32          // bins filled
	filled  []bool           // by bin
	target  []resource.Milli // buffer: what the rest of the tasks planned for a bin needs
	draws   float64          // where the next task between the ends of a row is drawn
}

// collect takes what waits as rows, and sorts bins into classes by what they have free and what may use them;
// no classes when there would be too many.
func (l *rounding) collect() {
	p := l.f.p
	l.rows = l.f.groupItems()
	last := -1
	for _, i := range l.list {
		b := &p.bins[i]
		room := p.agents[b.agent].room
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

// spread says whether some row is of several shapes.
func (l *rounding) spread() bool {
	return l.f.to-l.f.from > maxRows && slices.ContainsFunc(l.rows, func(r itemGroup) bool { return len(r.shapes) > 1 })
}

// refresh takes the averages of what is left.
func (l *rounding) refresh() {
	l.rows = l.f.groupItems()
	classes := l.classes[:0]
	for _, c := range l.classes {
		if len(c.bins) > 0 {
			fresh := l.class(&l.f.p.bins[c.bins[0]], c.room)
			fresh.bins = c.bins
			classes = append(classes, fresh)
		}
	}
	l.classes = classes
}

// class begins a class with a bin.
func (l *rounding) class(b *binState, room int) agentClass {
	c := agentClass{free: slices.Clone(b.free), marks: slices.Clone(l.f.marks), room: room}
	for i := range l.rows {
		r := &l.rows[i]
		c.allowed = append(c.allowed, l.f.p.allowed(l.f.p.groupFor(r.shapes[0]), b, false) > 0)
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

// round fills as many bins by each column as the solution has whole; when there is none, one by the column of
// which it has most. It says whether any bin was filled.
func (l *rounding) round(m *configurationLP) bool {
	any := false
	most, top := -1, 0.0
	part := 1.0
	if l.spread() && m.total() > roundAll {
		part = roundPart
	}
	for i, c := range m.basis {
		if c == basisOther {
			continue
		}
		if m.value[i] > top && len(l.classes[m.columns[c].class].bins) > 0 {
			most, top = i, m.value[i]
		}
		for n := int(m.value[i]*part + wholeEnough); n > 0 && len(l.classes[m.columns[c].class].bins) > 0; n-- {
			l.fill(&m.columns[c])
			any = true
		}
	}
	if !any && most >= 0 && !l.spread() {
		l.fill(&m.columns[m.basis[most]])
		any = true
	}
	return any
}

// waits says whether as much waits as the column holds.
func (l *rounding) waits(c *configuration) bool {
	for i, n := range c.counts {
		if int(n) > l.f.waiting(l.rows[i].shapes) {
			return false
		}
	}
	return true
}

// rest is the bins, filled ones first, the others in an order for what still waits.
func (l *rounding) rest() []int32 {
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
