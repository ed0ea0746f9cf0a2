package offers

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// filler packs the demands of one priority agent by agent with the whole queue in view. On each agent it takes,
// again and again, the shape with the largest product of what the shape needs and what the agent has left, each
// as a share of the agent: large shapes first, and those that lean the way the agent does (Grandl et al., "Multi-resource
// packing for cluster schedulers", SIGCOMM 2014; Panigrahy et al., "Heuristics for vector bin packing", 2011).
type filler struct {
	p       *pass
	decks   []deck
	left    int           // shapes that still wait
	low     []sweep.Milli // least of every dimension over all shapes
	strict  bool
	simple  bool      // no group has rules that count: equal agents get equal fills
	scale   []float64 // of the bin being filled: 1/capacity², by dimension
	weight  []float64 // of the bin being filled: what it has left, scaled
	room    []sweep.Milli
	marks   []byte // of the bin being filled, see pattern
	hands   []hand
	pattern pattern
}

func newFiller(p *pass, demands []int32) *filler {
	f := &filler{p: p, simple: true, scale: make([]float64, p.dims.len()), weight: make([]float64, p.dims.len())}
	f.deal(demands)
	return f
}

// maxColumns bounds the columns of a deck: every placement looks at each. 64 amounts of cpus are more than people use;
// expressions over parameters make more, which then share columns.
const maxColumns = 64

// deal sorts the demands into decks and columns.
func (f *filler) deal(demands []int32) {
	p := f.p
	list := make([]int32, 0, len(demands))
	for _, d := range demands {
		if p.waiting[d] > 0 {
			list = append(list, d)
		}
	}
	f.left = len(list)
	slices.SortFunc(list, func(a, b int32) int {
		if c := cmp.Compare(p.group[a], p.group[b]); c != 0 {
			return c
		}
		x, y := p.dims.of(p.need, int(a)), p.dims.of(p.need, int(b))
		if len(x) > 2 {
			if c := compareProfiles(x[2:], y[2:]); c != 0 {
				return c
			}
		}
		if c := cmp.Compare(x[0], y[0]); c != 0 {
			return c
		}
		if c := cmp.Compare(x[1], y[1]); c != 0 {
			return c
		}
		return cmp.Compare(b, a)
	})
	for len(list) > 0 {
		n := 1
		for n < len(list) && f.sameDeck(list[0], list[n]) {
			n++
		}
		f.addDeck(list[:n])
		list = list[n:]
	}
}

func compareProfiles(a, b []sweep.Milli) int { return slices.Compare(a, b) }

func (f *filler) sameDeck(a, b int32) bool {
	p := f.p
	if p.group[a] != p.group[b] {
		return false
	}
	x, y := p.dims.of(p.need, int(a)), p.dims.of(p.need, int(b))
	return len(x) == 2 || compareProfiles(x[2:], y[2:]) == 0
}

// addDeck makes a deck of demands ordered by cpus, then memory.
func (f *filler) addDeck(list []int32) {
	p := f.p
	g := p.groups[p.group[list[0]]]
	f.simple = f.simple && !g.counting
	d := deck{group: p.group[list[0]]}
	d.low = slices.Clone(p.dims.of(p.need, int(list[0])))
	d.high = slices.Clone(d.low)
	cards := make([]card, len(list))
	below := make([]int32, len(list))
	amounts := 0
	for i, id := range list {
		need := p.dims.of(p.need, int(id))
		for k, m := range need {
			d.low[k], d.high[k] = min(d.low[k], m), max(d.high[k], m)
		}
		cards[i] = card{need[0], need[1], id}
		if i == 0 || cards[i-1].cpus != cards[i].cpus {
			amounts++
		}
	}
	for len(cards) > 0 {
		n := columnEnd(cards, amounts, len(list))
		c := column{least: cards[0].cpus, most: cards[n-1].cpus, cards: cards[:n:n], below: below[:n:n]}
		if c.least != c.most {
			slices.SortFunc(c.cards, func(a, b card) int {
				return cmp.Or(cmp.Compare(a.mem, b.mem), cmp.Compare(a.cpus, b.cpus), cmp.Compare(b.demand, a.demand))
			})
		}
		for i := range c.below {
			c.below[i] = int32(i)
		}
		d.cols = append(d.cols, c)
		cards, below = cards[n:], below[n:]
	}
	if f.low == nil {
		f.low = slices.Clone(d.low)
	}
	for k := range f.low {
		f.low[k] = min(f.low[k], d.low[k])
	}
	f.decks = append(f.decks, d)
}

// columnEnd is how many of the cards, ordered by cpus, make the next column: those of one amount, or an even part of
// the deck when there are more amounts than columns.
func columnEnd(cards []card, amounts, all int) int {
	n := 1
	if amounts > maxColumns {
		n = min(len(cards), (all+maxColumns-1)/maxColumns)
	}
	for n < len(cards) && cards[n].cpus == cards[n-1].cpus {
		n++
	}
	return n
}

// run fills agents, those that meet wishes first.
func (f *filler) run() {
	p := f.p
	order := f.visits()
	wishes := slices.ContainsFunc(f.decks, func(d deck) bool { return p.groups[d.group].wish })
	evens := slices.ContainsFunc(f.decks, func(d deck) bool { return p.groups[d.group].evens })
	for _, strict := range []bool{true, false} {
		if f.strict = strict; strict && !wishes {
			continue
		}
		for moved := true; moved; {
			before := p.launched
			f.pattern.valid = false
			for _, i := range order {
				if f.left == 0 {
					return
				}
				f.fill(&p.bins[i])
			}
			moved = evens && p.launched > before
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
	f.pattern.begin(b)
	f.draw(b)
	for f.left > 0 && f.p.hosts[b.host].room > 0 {
		best := f.best(b)
		if best < 0 {
			break
		}
		f.play(b, best)
	}
	f.pattern.end(f, b, before)
	f.pattern.valid = f.pattern.valid && f.simple && f.p.hosts[b.host].unbounded()
}

// measure sets scale and marks for a bin; false when no group may use it.
func (f *filler) measure(b *open) bool {
	for k, have := range f.p.dims.append(f.room[:0], &f.p.hosts[b.host].row.Capacity) {
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
		if g.over != nil && f.p.warm(b, g) {
			mark |= markWarm
		}
		f.marks = append(f.marks, mark)
	}
	return any
}
