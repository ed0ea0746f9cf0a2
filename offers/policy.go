package offers

import (
	"slices"
	"time"
)

// Pack decides what to launch where, takes the offers that the plan uses or declines out of the index, and
// counts the launches as started, in one write transaction. The plan depends on the arguments and the index
// alone. Demands are read, not kept, except that the plan's unplaced demands refer to them: do not change
// them while the plan is in use.
func (x *Index) Pack(now time.Time, demands []Demand, o Options) Plan {
	x.settle(now)
	p := x.pass(now, demands, o)
	plan := p.plan()
	x.write(func(t *tables) { p.commit(t) })
	return plan
}

// DryRun is the plan that Pack would make, without any change to the index.
func (x *Index) DryRun(now time.Time, demands []Demand, o Options) Plan {
	return x.pass(now, demands, o).plan()
}

// pass reads the index and places what it can.
func (x *Index) pass(now time.Time, demands []Demand, o Options) *pass {
	p := &pass{now: now, opt: o.withDefaults(), demands: demands, offered: len(x.offerSlots)}
	p.readIndex(x.Snapshot().txn, len(x.byID), len(x.bins))
	p.readDemands()
	if len(p.shapes) > 0 {
		p.readVectors()
		p.place()
	}
	return p
}

// place runs the policy on each priority in turn, the highest first. GROUP_BY may open a place for a higher
// priority when a lower one of the same job was placed, so with it the round is repeated until nothing moves.
func (p *pass) place() {
	evens := slices.ContainsFunc(p.groups, func(g *group) bool { return g.evens })
	for again := true; again; {
		before := p.launched
		for from := 0; from < len(p.shapes); {
			to := p.levelEnd(from)
			p.placeLevel(int32(from), int32(to))
			from = to
		}
		again = evens && p.launched > before
	}
}

// levelEnd is where the shapes of the priority that begins at from end.
func (p *pass) levelEnd(from int) int {
	level := p.demands[p.shapes[from].demand].Priority
	to := from + 1
	for to < len(p.shapes) && p.demands[p.shapes[to].demand].Priority == level {
		to++
	}
	return to
}

// placeLevel runs the policy on the shapes of one priority, from and up to but without to: first as if the
// agents that come last were not there.
func (p *pass) placeLevel(from, to int32) {
	if len(p.opt.Last) > 0 {
		p.sparing = true
		p.policy(from, to)
		p.sparing = false
	}
	p.policy(from, to)
}

func (p *pass) policy(from, to int32) {
	switch p.opt.Policy {
	case First:
		newSegmentTree(p).placeFirst(from, to)
	case Soonest:
		newSegmentTree(p).placeSmallest(from, to)
	case Spread:
		newSegmentTree(p).placeSpread(from, to)
	case Scored:
		p.scored(from, to)
	default:
		p.tight(from, to)
	}
}
