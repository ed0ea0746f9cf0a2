package offers

import (
	"math"
	"slices"
	"time"

	"github.com/hashicorp/go-memdb"

	"github.com/kaon-sweep/kaon/sweep"
)

// Pack decides what to launch where, takes the offers that the plan uses or declines out of the index, and counts the
// launches as started, in one write transaction. The plan depends on the arguments and the index alone. Demands are
// read, not kept, except that the plan's refusals refer to them: do not change them while the plan is in use.
func (x *Index) Pack(now time.Time, demands []Demand, o Options) Plan {
	p := newPass(x.Snapshot().txn, now, demands, o.withDefaults())
	p.place()
	plan := p.plan()
	x.write(func(t *tables) { p.settle(t) })
	return plan
}

// Peek is the plan that Pack would make, without any change to the index.
func (x *Index) Peek(now time.Time, demands []Demand, o Options) Plan {
	p := newPass(x.Snapshot().txn, now, demands, o.withDefaults())
	p.place()
	return p.plan()
}

// pass is the working state of one Pack: arrays that are read from the index once and written back once.
type pass struct {
	now      time.Time
	opt      Options
	demands  []Demand
	dims     dims
	need     []sweep.Milli // by demand and dimension
	waiting  []int         // by demand: tasks not yet placed
	groups   []*group
	group    []int32 // by demand
	order    []int32 // demands that may fit somewhere, by priority, then as they came
	hosts    []host
	bins     []open
	placed   []placement
	launched int // tasks
}

// host is an agent during a pass.
type host struct {
	row     *Agent
	room    int // launches still allowed by the cap
	avoided bool
}

// unbounded says whether the host may take any number of launches.
func (h *host) unbounded() bool { return h.room > math.MaxInt/2 }

// open is a bin during a pass.
type open struct {
	row         *bin
	host        int32
	first, last int32         // its placements, a chain in pass.placed; -1: none
	free        []sweep.Milli // by dimension
	workers     []ExecutorID  // started here in this pass
}

// placement is count tasks of one demand in a bin.
type placement struct {
	demand int32
	count  int32
	next   int32 // of the same bin; -1: none
	fresh  bool  // starts the executor
}

func newPass(txn *memdb.Txn, now time.Time, demands []Demand, o Options) *pass {
	p := &pass{now: now, opt: o, demands: demands, dims: dimensions(demands)}
	p.readIndex(txn)
	p.readDemands()
	return p
}

// room is how many tasks of a demand a bin can take now, at most want.
func (p *pass) room(b *open, d int32, want int, strict bool) int {
	gi := p.group[d]
	g := p.groups[gi]
	if want = min(want, p.allowed(g, b, strict)); want <= 0 {
		return 0
	}
	need := p.dims.of(p.need, int(d))
	free := b.free[:len(need)]
	if g.over == nil {
		for k, each := range need {
			if each > 0 {
				want = min(want, int(free[k]/each))
			}
		}
		return want
	}
	own, warm := g.like.Executor == "", p.warm(b, g)
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
	if h.avoided || g.like.Role != "" && g.like.Role != b.row.role || !g.suits(b.host, h.row, strict) {
		return 0
	}
	return min(h.room, g.room(h.row, strict))
}

// warm says whether the group's executor already runs for this bin, or is started by this pass.
func (p *pass) warm(b *open, g *group) bool {
	return slices.Contains(b.workers, g.like.Executor) || p.hosts[b.host].row.warm(g.like.Executor)
}

// put places n tasks of a demand in a bin that has room for them.
func (p *pass) put(b *open, d int32, n int) {
	g := p.groups[p.group[d]]
	need := p.dims.of(p.need, int(d))
	for k, each := range need {
		b.free[k] -= sweep.Milli(n) * each
	}
	own := g.like.Executor == ""
	fresh := own || !p.warm(b, g)
	if fresh && !own {
		b.workers = append(b.workers, g.like.Executor)
	}
	if fresh && g.over != nil {
		execs := sweep.Milli(1)
		if own {
			execs = sweep.Milli(n)
		}
		for k, over := range g.over {
			b.free[k] -= execs * over
		}
	}
	p.hosts[b.host].room -= n
	if g.counting {
		g.count(p.hosts[b.host].row, n)
	}
	p.waiting[d] -= n
	p.launched += n
	p.record(b, placement{demand: d, count: int32(n), next: -1, fresh: fresh}, own)
}

// record chains a placement to its bin, or adds it to the last one there when that is of the same kind.
func (p *pass) record(b *open, pl placement, own bool) {
	at := int32(len(p.placed))
	switch last := b.last; {
	case last < 0:
		b.first = at
	case p.placed[last].demand == pl.demand && (own || !pl.fresh):
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
		for rest := p.order; len(rest) > 0; {
			level := p.demands[rest[0]].Priority
			n := 1
			for n < len(rest) && p.demands[rest[n]].Priority == level {
				n++
			}
			p.placeLevel(rest[:n])
			rest = rest[n:]
		}
		again = evens && p.launched > before
	}
}

// placeLevel runs the policy on demands of one priority.
func (p *pass) placeLevel(demands []int32) {
	switch p.opt.Policy {
	case First:
		newOrchard(p).first(demands)
	case Soonest:
		newOrchard(p).soonest(demands)
	case Spread:
		newOrchard(p).spread(demands)
	case Scored:
		p.scored(demands)
	default:
		newFiller(p, demands).run()
	}
}
