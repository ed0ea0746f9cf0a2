package offers

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// filler packs the demands of one priority agent by agent with the whole queue in view. On each agent it
// takes, again and again, the shape that leaves the shortest vector of what is left, each resource as a share
// of the agent: large shapes first, and those that lean the way the agent does, so that no resource runs out
// alone (the norm-based greedy of Panigrahy, Talwar, Uyeda and Wieder, "Heuristics for vector bin packing",
// 2011).
type filler struct {
	p        *pass
	from, to int32 // the shapes
	classes  []itemClass
	left     int              // shapes that still wait
	low      []resource.Milli // least of every dimension over all shapes
	strict   bool
	simple   bool             // no group has rules that count: equal agents get equal fills
	scale    []float64        // of the bin being filled: 1/capacity², by dimension
	weight   []float64        // of the bin being filled: what it has left, scaled
	room     []resource.Milli // buffer
	marks    []byte           // of the bin being filled, see pattern
	heads    []head
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
	hasty    bool      // it gives up when more agents are needed than divisible tasks would
	gaveUp   bool
	planned  int // bins that the program of configurations needs
}

// scarcityPower makes resources that are less scarce than the scarcest worth little in an exchange.
const scarcityPower = 8

// aim sets what of the bin should be used: resources that are less scarce may stay free in part, alike in all
// bins.
func (f *filler) aim(b *binState) {
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

// measure sets scale and marks for a bin; false when no group may use it.
func (f *filler) measure(b *binState) bool {
	f.room = f.p.dims.append(f.room[:0], &f.p.agents[b.agent].row.Capacity)
	for k, have := range f.room {
		f.scale[k] = 0
		if have > 0 {
			f.scale[k] = 1 / (float64(have) * float64(have))
		}
	}
	f.marks = f.marks[:0]
	any := false
	last := int32(-1)
	for i := range f.classes {
		if f.classes[i].group == last {
			continue
		}
		last = f.classes[i].group
		g := f.p.groups[last]
		var mark byte
		if f.p.allowed(g, b, f.strict) > 0 {
			mark, any = markAllowed, true
		}
		if g.overhead != nil && f.p.warm(b, g.example.Executor) {
			mark |= markWarm
		}
		f.marks = append(f.marks, mark)
	}
	return any
}
