package offers

import (
	"slices"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Pack decides what to launch where, takes the offers that the plan uses or declines out of the index, and counts the
// launches as started, in one write transaction. The plan depends on the arguments and the index alone. Demands are
// read, not kept, except that the plan's refusals refer to them: do not change them while the plan is in use.
func (x *Index) Pack(now time.Time, demands []Demand, o Options) Plan {
	p := x.pass(now, demands, o)
	plan := p.plan()
	x.write(func(t *tables) { p.settle(t) })
	return plan
}

// Peek is the plan that Pack would make, without any change to the index.
func (x *Index) Peek(now time.Time, demands []Demand, o Options) Plan {
	return x.pass(now, demands, o).plan()
}

// pass reads the index and places what it can.
func (x *Index) pass(now time.Time, demands []Demand, o Options) *pass {
	p := &pass{now: now, opt: o.withDefaults(), demands: demands, offered: len(x.where)}
	p.readIndex(x.Snapshot().txn, len(x.byID), len(x.bins))
	p.readDemands()
	if len(p.shapes) > 0 {
		p.readVectors()
		p.place()
	}
	return p
}

// pass is the working state of one Pack: arrays that are read from the index once and written back once.
type pass struct {
	now      time.Time
	opt      Options
	demands  []Demand
	hosts    []host
	bins     []open
	offered  int // offers in all bins
	groups   []*group
	byKey    map[string]int // groups by what tells them apart
	key      []byte         // buffer
	shapes   []shape        // by priority, highest first, then as their demands came
	dims     dims
	need     []resource.Milli // by shape and dimension
	placed   []placement
	launched int  // tasks
	used     int  // bins with placements
	sparing  bool // agents that come last are closed
	left     struct {
		once sync.Once
		list []Quantities
	}
}

// shape is a demand that may fit somewhere.
type shape struct {
	demand  int32
	group   int32
	waiting int // tasks not yet placed
}

// host is an agent during a pass.
type host struct {
	row     *Agent
	room    int // launches still allowed by the cap
	avoided bool
	last    bool // gets only what no other has room for
	foreign bool // of an architecture without an executor
}

// open is a bin during a pass.
type open struct {
	row         *bin
	host        int32
	first, last int32            // its placements, a chain in pass.placed; -1: none
	free        []resource.Milli // by dimension
	workers     []ExecutorID     // started here in this pass
}

// placement is count tasks of one shape in a bin.
type placement struct {
	shape int32
	count int32
	next  int32 // of the same bin; -1: none
	fresh bool  // starts the executor
}

// room is how many tasks of a shape a bin can take now, at most want.
func (p *pass) room(b *open, s int32, want int, strict bool) int {
	g := p.groupFor(s)
	if want = min(want, p.allowed(g, b, strict)); want <= 0 {
		return 0
	}
	need := p.needs(s)
	free := b.free[:len(need)]
	if g.over == nil {
		for k, each := range need {
			if each > 0 {
				want = min(want, int(free[k]/each))
			}
		}
		return want
	}
	own, warm := g.like.Executor == "", p.warm(b, g.like.Executor)
	for k, each := range need {
		have := free[k]
		if own {
			each += g.over[k]
		} else if !warm {
			have -= g.over[k]
		}
		if have < 0 {
			return 0
		}
		if each > 0 {
			want = min(want, int(have/each))
		}
	}
	return want
}

// allowed is how many tasks of a group a bin may take, resources aside.
func (p *pass) allowed(g *group, b *open, strict bool) int {
	h := &p.hosts[b.host]
	if h.avoided || h.foreign || h.last && p.sparing || g.like.Role != "" && g.like.Role != b.row.role || !g.suits(b.host, h.row, strict) {
		return 0
	}
	return min(h.room, g.room(h.row, strict))
}

// warm says whether an executor already runs for this bin, or is started by this pass.
func (p *pass) warm(b *open, id ExecutorID) bool {
	id = id.In(b.row.role)
	return slices.Contains(b.workers, id) || p.hosts[b.host].row.warm(id)
}

// put places n tasks of a shape in a bin that has room for them.
func (p *pass) put(b *open, s int32, n int) {
	g := p.groupFor(s)
	for k, each := range p.needs(s) {
		b.free[k] -= resource.Milli(n) * each
	}
	fresh, own := p.engage(b, p.demands[p.shapes[s].demand].Executor)
	if fresh && g.over != nil {
		starts := resource.Milli(1)
		if own {
			starts = resource.Milli(n)
		}
		for k, over := range g.over {
			b.free[k] -= starts * over
		}
	}
	p.hosts[b.host].room -= n
	if g.counting {
		g.count(p.hosts[b.host].row, n)
	}
	p.shapes[s].waiting -= n
	p.launched += n
	p.record(b, placement{shape: s, count: int32(n), next: -1, fresh: fresh})
}

// engage says whether a task starts its executor in the bin, and whether it has one of its own.
func (p *pass) engage(b *open, id ExecutorID) (fresh, own bool) {
	if id == "" {
		return true, true
	}
	if p.warm(b, id) {
		return false, false
	}
	b.workers = append(b.workers, id.In(b.row.role))
	return true, false
}

// record chains a placement to its bin, or adds it to the last one there when that is of the same shape: only the first
// of a shape can start a shared executor.
func (p *pass) record(b *open, pl placement) {
	at := int32(len(p.placed))
	switch last := b.last; {
	case last < 0:
		b.first = at
		p.used++
	case p.placed[last].shape == pl.shape:
		p.placed[last].count += pl.count
		return
	default:
		p.placed[last].next = at
	}
	b.last = at
	p.placed = append(p.placed, pl)
}

// place runs the policy on each priority in turn, the highest first. GROUP_BY may open a place for a higher priority
// when a lower one of the same sweep was placed, so with it the round is repeated until nothing moves.
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

// placeLevel runs the policy on the shapes of one priority, from and up to but without to: first as if the agents that
// come last were not there.
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
		newOrchard(p).first(from, to)
	case Soonest:
		newOrchard(p).soonest(from, to)
	case Spread:
		newOrchard(p).spread(from, to)
	case Scored:
		p.scored(from, to)
	default:
		p.tight(from, to)
	}
}

// groupFor is the group of a shape.
func (p *pass) groupFor(s int32) *group { return p.groups[p.shapes[s].group] }

// needs is what one task of a shape needs, by dimension.
func (p *pass) needs(s int32) []resource.Milli {
	wide := p.dims.len()
	return p.need[int(s)*wide : (int(s)+1)*wide]
}
