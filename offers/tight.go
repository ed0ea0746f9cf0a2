package offers

import (
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// filler packs the demands of one priority agent by agent with the whole queue in view. On each agent it takes,
// again and again, the shape that leaves the shortest vector of what is left, each resource as a share of the agent:
// large shapes first, and those that lean the way the agent does, so that no resource runs out alone (the norm-based
// greedy of Panigrahy, Talwar, Uyeda and Wieder, "Heuristics for vector bin packing", 2011).
type filler struct {
	p        *pass
	from, to int32 // the shapes
	decks    []deck
	left     int           // shapes that still wait
	low      []sweep.Milli // least of every dimension over all shapes
	strict   bool
	simple   bool          // no group has rules that count: equal agents get equal fills
	scale    []float64     // of the bin being filled: 1/capacity², by dimension
	weight   []float64     // of the bin being filled: what it has left, scaled
	room     []sweep.Milli // buffer
	marks    []byte        // of the bin being filled, see pattern
	hands    []hand
	pattern  pattern
}

// newFiller prepares to fill with the shapes from and up to but without to.
func newFiller(p *pass, from, to int32) *filler {
	wide := p.dims.len()
	f := &filler{p: p, from: from, to: to, simple: true, scale: make([]float64, wide), weight: make([]float64, wide)}
	f.deal()
	return f
}

// run fills agents, those that meet wishes first.
func (f *filler) run() {
	p := f.p
	order := f.visits()
	if slices.ContainsFunc(f.decks, func(d deck) bool { return len(p.groups[d.group].rules) > 0 || p.groups[d.group].like.Role != "" }) {
		f.favorScarce(order)
	}
	wishes := slices.ContainsFunc(f.decks, func(d deck) bool { return p.groups[d.group].wish })
	for _, strict := range []bool{true, false} {
		if f.strict = strict; strict && !wishes {
			continue
		}
		f.pattern.valid = false
		for _, i := range order {
			if f.left == 0 {
				return
			}
			f.fill(&p.bins[i])
		}
	}
}

// fill puts shapes into a bin until none fits.
func (f *filler) fill(b *open) {
	for k, low := range f.low {
		if b.free[k] < low {
			return
		}
	}
	if !f.measure(b) || f.pattern.repeat(f, b) {
		return
	}
	before := len(f.p.placed)
	f.pattern.begin(b, f.p.hosts[b.host].room)
	for deck := 0; deck < len(f.decks); {
		deck = f.draw(b, deck)
		for f.left > 0 && f.p.hosts[b.host].room > 0 {
			best := f.best(b)
			if best < 0 {
				break
			}
			f.play(b, best)
		}
	}
	f.pattern.end(f, b, before)
	f.pattern.valid = f.pattern.valid && f.simple
}

// measure sets scale and marks for a bin; false when no group may use it.
func (f *filler) measure(b *open) bool {
	f.room = f.p.dims.append(f.room[:0], &f.p.hosts[b.host].row.Capacity)
	for k, have := range f.room {
		f.scale[k] = 0
		if have > 0 {
			f.scale[k] = 1 / (float64(have) * float64(have))
		}
	}
	f.marks = f.marks[:0]
	any := false
	last := int32(-1)
	for i := range f.decks {
		if f.decks[i].group == last {
			continue
		}
		last = f.decks[i].group
		g := f.p.groups[last]
		var mark byte
		if f.p.allowed(g, b, f.strict) > 0 {
			mark, any = markAllowed, true
		}
		if g.over != nil && f.p.warm(b, g.like.Executor) {
			mark |= markWarm
		}
		f.marks = append(f.marks, mark)
	}
	return any
}
