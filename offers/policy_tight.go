package offers

import "slices"

// best is the head with the largest score, -1 when none is left. Heads whose columns ran out are dropped.
func (f *filler) best(b *binState) int {
	for k, free := range b.free {
		f.weight[k] = 2 * (float64(free) - f.reserve[k]) * f.scale[k]
	}
	kept, best, top := f.heads[:0], -1, 0.0
	for i := range f.heads {
		h := f.heads[i]
		if !f.stillFits(b, &h) && !f.advance(b.free, &h) {
			continue
		}
		if !f.simple && f.p.allowed(f.p.groups[f.classes[h.class].group], b, f.strict) <= 0 {
			continue
		}
		if score := f.score(&h); best < 0 || score > top || score == top && h.shape < kept[best].shape {
			best, top = len(kept), score
		}
		kept = append(kept, h)
	}
	f.heads = kept
	if best >= 0 && f.leavesSliver(b.free, &kept[best]) {
		return f.lookAhead(b, best, top)
	}
	return best
}

// placeHead places the head's item: once, or as often as it fits when there is no other head to choose. It
// says whether a shared executor was started that costs something.
func (f *filler) placeHead(b *binState, i int) (started bool) {
	h := &f.heads[i]
	n := 1
	if len(f.heads) == 1 {
		n = max(1, f.p.room(b, h.shape, f.p.shapes[h.shape].waiting, f.strict))
	}
	f.put(b, h.shape, n)
	if h.extra != nil && f.p.groups[f.classes[h.class].group].example.Executor != "" {
		f.executorStarted(f.p.groups[f.classes[h.class].group].example.Executor)
		return true
	}
	return false
}

// newFiller prepares to fill with the shapes from and up to but without to.
func newFiller(p *pass, from, to int32, sampling bool) *filler {
	wide := p.dims.len()
	f := &filler{p: p, from: from, to: to, simple: true, sampling: sampling, placedIn: make([]int32, to-from)}
	f.scale, f.weight, f.price = make([]float64, wide), make([]float64, wide), make([]float64, wide)
	for s := from; s < to; s++ {
		f.tasks += p.shapes[s].waiting
	}
	f.classify()
	return f
}

// tight places the shapes from and up to but without to agent by agent: many are sampled, few make patterns.
// As soon as that takes more agents than divisible tasks would, fillings are planned for all agents together
// instead.
func (p *pass) tight(from, to int32) {
	least := p.opt.sampleFrom
	if least == 0 {
		least = sampleFrom
	}
	many := int(to-from) >= least
	f := newFiller(p, from, to, many)
	plannable := f.plannable(many)
	if !f.simple || len(f.classes) == 0 || to-from == 1 || many && !plannable {
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
	if p.opt.planAlways || second.left == 0 && p.used-start.used <= max(f.need, second.planned)+f.need/planWorse {
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
		p.restore(planned.checkpoint)
	} else {
		p.restore(first.checkpoint)
	}
}

// nearlyNone is the part of agents by which a packing may exceed its bound and count as good. Where a planned
// one exceeds it by more than planWorse, one that is not planned is made to compare.
const (
	nearlyNone = 1000
	planWorse  = 200
)

// good says whether no more agents were used than divisible tasks would need, or all were.
func (f *filler) good(used int) bool {
	return !f.gaveUp && (f.left > 0 || used <= f.need+f.need/nearlyNone)
}

// attempt is one of several packings of the same shapes.
type attempt struct {
	checkpoint
	left, bins int
}

// try is the packing that a filler made since the start.
func (p *pass) try(f *filler, start *checkpoint) attempt {
	return attempt{checkpoint: p.state(), left: f.tasks, bins: p.used - start.used}
}

func (a *attempt) betterThan(b *attempt) bool {
	return a.left < b.left || a.left == b.left && a.bins < b.bins
}

// run fills agents, those that meet wishes first.
func (f *filler) run() {
	p := f.p
	order, _ := f.binOrder()
	if slices.ContainsFunc(f.classes, func(d itemClass) bool {
		return len(p.groups[d.group].constraints) > 0 || p.groups[d.group].example.Role != ""
	}) {
		f.preferScarce(order)
	}
	wishes := slices.ContainsFunc(f.classes, func(d itemClass) bool { return p.groups[d.group].wish })
	if f.sampling = f.samples(); f.sampling && len(f.classes) > 0 {
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

// fillAll fills the bins that the balance is of, in order; in haste, only until it is clear that more than
// divisible tasks would need will be used.
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

// fill puts shapes into a bin until none fits.
func (f *filler) fill(b *binState) {
	for k, low := range f.low {
		if b.free[k] < low {
			return
		}
	}
	if !f.measure(b) || f.pattern.repeat(f, b) {
		return
	}
	before := len(f.p.placed)
	f.pattern.begin(b, f.p.agents[b.agent].room)
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

// choose places the best head's item until none is left. An executor that is started makes room for tasks of
// columns that were seen before it, so these are seen again.
func (f *filler) choose(b *binState) {
	for again := true; again; {
		again = false
		for class := 0; class < len(f.classes); {
			first := class
			class = f.gatherHeads(b, class)
			for f.left > 0 && f.p.agents[b.agent].room > 0 {
				best := f.best(b)
				if best < 0 {
					break
				}
				again = f.placeHead(b, best) && first > 0 || again
			}
		}
	}
}
