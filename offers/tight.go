package offers

import (
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// filler packs the demands of one priority agent by agent with the whole queue in view. On each agent it takes,
// again and again, the shape that leaves the shortest vector of what is left, each resource as a share of the agent:
// large shapes first, and those that lean the way the agent does, so that no resource runs out alone (the norm-based
// greedy of Panigrahy, Talwar, Uyeda and Wieder, "Heuristics for vector bin packing", 2011).
type filler struct {
	p        *pass
	from, to int32 // the shapes
	decks    []deck
	left     int              // shapes that still wait
	low      []resource.Milli // least of every dimension over all shapes
	strict   bool
	simple   bool             // no group has rules that count: equal agents get equal fills
	scale    []float64        // of the bin being filled: 1/capacity², by dimension
	weight   []float64        // of the bin being filled: what it has left, scaled
	room     []resource.Milli // buffer
	marks    []byte           // of the bin being filled, see pattern
	hands    []hand
	pattern  pattern
	sampling bool // many shapes: bins are filled by sampling
	sampler  sampler
	tasks    int // that wait
	balance  balance
	need     int       // bins, were what waits divisible
	before   []float64 // of the bin being filled: what it had free
	reserve  []float64 // of the bin being filled: what may stay free, as other resources are scarcer
	price    []float64 // of the bin being filled: what a unit of a resource is worth; all of the scarcest is worth 1
	full     []resource.Milli
	visit    int32     // number of the bin being filled
	placedIn []int32   // by shape: the bin in which it was placed last
	average  []float64 // of the agents planned for: what one has free, by dimension
	hasty    bool      // it gives up when more agents are needed than divisible trials would
	gaveUp   bool
}

// newFiller prepares to fill with the shapes from and up to but without to.
func newFiller(p *pass, from, to int32, sampling bool) *filler {
	wide := p.dims.len()
	f := &filler{p: p, from: from, to: to, simple: true, sampling: sampling, placedIn: make([]int32, to-from)}
	f.scale, f.weight, f.price = make([]float64, wide), make([]float64, wide), make([]float64, wide)
	for s := from; s < to; s++ {
		f.tasks += p.shapes[s].waiting
	}
	f.deal()
	return f
}

// tight places the shapes from and up to but without to agent by agent: many are sampled, few make patterns. As soon as
// that takes more agents than divisible trials would, fillings are planned for all agents together instead.
func (p *pass) tight(from, to int32) {
	least := p.opt.sampleFrom
	if least == 0 {
		least = sampleFrom
	}
	many := int(to-from) >= least
	f := newFiller(p, from, to, many)
	plannable := f.plannable(many)
	if !f.simple || len(f.decks) == 0 || to-from == 1 || many && !plannable {
		f.run()
		return
	}
	start := p.save()
	f.hasty = plannable && !p.opt.planAlways
	f.run()
	if f.good(p.used-start.used) && !p.opt.planAlways {
		return
	}
	first := p.try(f, &start)
	p.restore(start)
	start = p.save()
	second := newFiller(p, from, to, true)
	if plannable {
		second.runPlanned()
	} else {
		second.run()
	}
	if p.opt.planAlways || second.left == 0 && p.used-start.used <= max(f.need, second.need)+f.need/planWorse {
		return
	}
	planned := p.try(second, &start)
	if f.gaveUp {
		p.restore(start)
		f = newFiller(p, from, to, many)
		f.run()
		first = p.try(f, &start)
	}
	if planned.betterThan(&first) {
		p.restore(planned.saved)
	} else {
		p.restore(first.saved)
	}
}

// nearlyNone is the part of agents by which a packing may exceed its bound and count as good. Where a planned one exceeds
// it by more than planWorse, one that is not planned is made to compare.
const (
	nearlyNone = 1000
	planWorse  = 200
)

// good says whether no more agents were used than divisible trials would need, or all were.
func (f *filler) good(used int) bool {
	return !f.gaveUp && (f.left > 0 || used <= f.need+f.need/nearlyNone)
}

// attempt is one of several packings of the same shapes.
type attempt struct {
	saved
	left, bins int
}

// try is the packing that a filler made since the start.
func (p *pass) try(f *filler, start *saved) attempt {
	return attempt{saved: p.state(), left: f.tasks, bins: p.used - start.used}
}

func (a *attempt) betterThan(b *attempt) bool {
	return a.left < b.left || a.left == b.left && a.bins < b.bins
}

// run fills agents, those that meet wishes first.
func (f *filler) run() {
	p := f.p
	order, _ := f.visits()
	if slices.ContainsFunc(f.decks, func(d deck) bool { return len(p.groups[d.group].rules) > 0 || p.groups[d.group].like.Role != "" }) {
		f.favorScarce(order)
	}
	wishes := slices.ContainsFunc(f.decks, func(d deck) bool { return p.groups[d.group].wish })
	if f.sampling = f.samples(); f.sampling && len(f.decks) > 0 {
		f.sampler = f.newSampler()
	}
	for _, strict := range []bool{true, false} {
		if f.strict = strict; strict && !wishes {
			continue
		}
		f.pattern.valid = false
		f.balance = newBalance(p, f.from, f.to, order)
		if f.fillAll(order); f.left == 0 || f.gaveUp {
			return
		}
	}
}

// fillAll fills the bins that the balance is of, in order; in haste, only until it is clear that more than divisible trials
// would need will be used.
func (f *filler) fillAll(order []int32) {
	for n, i := range order {
		if f.left == 0 {
			return
		}
		f.balance.next()
		if n == 0 {
			f.need = f.balance.end
		}
		if f.hasty && f.balance.end > f.need+f.need/nearlyNone {
			f.gaveUp = true
			return
		}
		f.aim(&f.p.bins[i])
		f.fill(&f.p.bins[i])
		f.balance.visited(f.before)
	}
}

// scarcityPower makes resources that are less scarce than the scarcest worth little in an exchange.
const scarcityPower = 8

// aim sets what of the bin should be used: resources that are less scarce may stay free in part, alike in all bins.
func (f *filler) aim(b *open) {
	f.before, f.reserve = f.before[:0], f.reserve[:0]
	for k, free := range b.free {
		share := f.balance.share[k]
		f.before = append(f.before, float64(free))
		f.reserve = append(f.reserve, float64(free)*(1-share))
		f.price[k] = 0
		if free > 0 {
			f.price[k] = math.Pow(share, scarcityPower) / float64(free)
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
	f.visit++
	if f.sampling {
		f.sample(b)
	}
	f.choose(b)
	if f.left > 0 && f.improve(b, before) {
		f.choose(b)
	}
	f.pattern.end(f, b, before)
	f.pattern.valid = f.pattern.valid && f.simple
}

// choose plays the best hand until none is left. An executor that is started makes room for tasks of columns that were
// seen before it, so these are seen again.
func (f *filler) choose(b *open) {
	for again := true; again; {
		again = false
		for deck := 0; deck < len(f.decks); {
			first := deck
			deck = f.draw(b, deck)
			for f.left > 0 && f.p.hosts[b.host].room > 0 {
				best := f.best(b)
				if best < 0 {
					break
				}
				again = f.play(b, best) && first > 0 || again
			}
		}
	}
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
