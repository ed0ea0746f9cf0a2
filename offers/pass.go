package offers

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// pass is the working state of one Pack: arrays that are read from the index once and written back once.
type pass struct {
	now      time.Time
	opt      Options
	demands  []Demand
	agents   []agentState
	bins     []binState
	offered  int      // offers in all bins
	gone     []*Agent // on which tasks may run on
	groups   []*group
	byKey    map[string]int // groups by what tells them apart
	key      []byte         // buffer
	shapes   []shape        // by priority, highest first, then as their demands came
	dims     dimensions
	need     []resource.Milli // by shape and dimension
	placed   []placement
	launched int  // tasks
	used     int  // bins with placements
	sparing  bool // agents that come last are closed
	left     struct {
		once sync.Once
		list []resource.Resources
	}
}

// shape is a demand that may fit somewhere.
type shape struct {
	demand  int32
	group   int32
	waiting int // tasks not yet placed
}

// agentState is an agent during a pass.
type agentState struct {
	row      *Agent
	room     int // launches still allowed by the cap
	avoided  bool
	last     bool          // gets only what no other has room for
	excluded bool          // for good
	stays    time.Duration // until it is planned to be away; 0 or less: it is
}

// stay is the stay of an agent that nobody plans to take away.
const stay = time.Duration(math.MaxInt64)

// holds says whether the agent stays for as long as a task takes.
func (h *agentState) holds(takes time.Duration) bool { return h.stays > 0 && h.stays >= takes }

// binState is a bin during a pass.
type binState struct {
	row         *bin
	agent       int32
	first, last int32            // its placements, a chain in pass.placed; -1: none
	free        []resource.Milli // by dimension
	executors   []ExecutorID     // started here in this pass
}

// placement is count tasks of one shape in a bin.
type placement struct {
	shape          int32
	count          int32
	next           int32 // of the same bin; -1: none
	startsExecutor bool  // starts the executor
}

// room is how many tasks of a shape a bin can take now, at most want.
func (p *pass) room(b *binState, s int32, want int, strict bool) int {
	g := p.groupFor(s)
	if want = min(want, p.allowed(g, b, strict)); want <= 0 {
		return 0
	}
	need := p.needs(s)
	free := b.free[:len(need)]
	if g.overhead == nil {
		for k, each := range need {
			if each > 0 {
				want = min(want, int(free[k]/each))
			}
		}
		return want
	}
	own, warm := g.example.Executor == "", p.warm(b, g.example.Executor)
	for k, each := range need {
		have := free[k]
		if own {
			each += g.overhead[k]
		} else if !warm {
			have -= g.overhead[k]
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
func (p *pass) allowed(g *group, b *binState, strict bool) int {
	h := &p.agents[b.agent]
	if h.avoided || h.excluded || !h.holds(g.example.Takes) || h.last && p.sparing ||
		g.example.Role != "" && g.example.Role != b.row.role || !g.suits(b.agent, h.row, strict) {
		return 0
	}
	return min(h.room, g.room(h.row, strict))
}

// warm says whether an executor already runs for this bin, or is started by this pass.
func (p *pass) warm(b *binState, id ExecutorID) bool {
	id = id.In(b.row.role)
	return slices.Contains(b.executors, id) || p.agents[b.agent].row.warm(id)
}

// put places n tasks of a shape in a bin that has room for them.
func (p *pass) put(b *binState, s int32, n int) {
	g := p.groupFor(s)
	for k, each := range p.needs(s) {
		b.free[k] -= resource.Milli(n) * each
	}
	fresh, own := p.needsExecutor(b, p.demands[p.shapes[s].demand].Executor)
	if fresh && g.overhead != nil {
		starts := resource.Milli(1)
		if own {
			starts = resource.Milli(n)
		}
		for k, over := range g.overhead {
			b.free[k] -= starts * over
		}
	}
	p.agents[b.agent].room -= n
	if g.counting {
		g.count(p.agents[b.agent].row, n)
	}
	p.shapes[s].waiting -= n
	p.launched += n
	p.record(b, placement{shape: s, count: int32(n), next: -1, startsExecutor: fresh})
}

// needsExecutor says whether a task starts its executor in the bin, and whether it has one of its own.
func (p *pass) needsExecutor(b *binState, id ExecutorID) (fresh, own bool) {
	if id == "" {
		return true, true
	}
	if p.warm(b, id) {
		return false, false
	}
	b.executors = append(b.executors, id.In(b.row.role))
	return true, false
}

// record chains a placement to its bin, or adds it to the last one there when that is of the same shape: only
// the first of a shape can start a shared executor.
func (p *pass) record(b *binState, pl placement) {
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

// groupFor is the group of a shape.
func (p *pass) groupFor(s int32) *group { return p.groups[p.shapes[s].group] }

// needs is what one task of a shape needs, by dimension.
func (p *pass) needs(s int32) []resource.Milli {
	wide := p.dims.len()
	return p.need[int(s)*wide : (int(s)+1)*wide]
}
