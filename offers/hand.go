package offers

import "github.com/kaon-sweep/kaon/sweep/resource"

// hand is the best card of one column for the bin being filled.
type hand struct {
	deck, col int32
	card      int32 // its place in the column
	shape     int32
	cpus, mem resource.Milli   // what it takes from the bin now, executor included
	extra     []resource.Milli // the executor's overhead that it would pay now; nil: none
	favor     float64          // of its deck
}

// maxHands bounds the hands that compete for a bin: every placement looks at each. Columns beyond it get what the
// columns before them left.
const maxHands = 192

// draw takes the best card of every column whose group may use the bin, from a deck on until there are maxHands. It
// returns the deck to go on with.
func (f *filler) draw(b *open, from int) int {
	f.hands = f.hands[:0]
	for ; from < len(f.decks) && len(f.hands) < maxHands; from++ {
		d := &f.decks[from]
		if b.free[0] < d.low[0] || b.free[1] < d.low[1] {
			continue
		}
		g := f.p.groups[d.group]
		if f.p.allowed(g, b, f.strict) <= 0 {
			continue
		}
		var extra []resource.Milli
		if g.over != nil && (g.like.Executor == "" || !f.p.warm(b, g.like.Executor)) {
			extra = g.over
		}
		for j := range d.cols {
			h := hand{deck: int32(from), col: int32(j), card: int32(len(d.cols[j].cards)) - 1, extra: extra, favor: d.favor}
			if f.redraw(b.free, &h) {
				f.hands = append(f.hands, h)
			}
		}
	}
	return from
}

// redraw moves the hand down its column to the next card that waits and fits; false when there is none.
func (f *filler) redraw(room []resource.Milli, h *hand) bool {
	d := &f.decks[h.deck]
	c := &d.cols[h.col]
	var buffer [8]resource.Milli
	free := append(buffer[:0], room...)
	for k, over := range h.extra {
		free[k] -= over
	}
	for k := 2; k < len(free); k++ {
		if free[k] < d.low[k] {
			return false
		}
	}
	if free[0] < c.least || free[1] < c.cards[0].mem || h.card < 0 {
		return false
	}
	h.card = c.upTo(free[1], h.card)
	for {
		if h.card = c.alive(h.card); h.card < 0 {
			return false
		}
		top := &c.cards[h.card]
		if f.p.shapes[top.shape].waiting == 0 {
			if f.placedIn[top.shape-f.from] == f.visit {
				h.card-- // an exchange may bring it back
			} else {
				c.drop(h.card)
			}
			continue
		}
		if top.cpus <= free[0] && f.restFits(d, top.shape, free) {
			h.shape, h.cpus, h.mem = top.shape, top.cpus, top.mem
			if h.extra != nil {
				h.cpus, h.mem = h.cpus+h.extra[0], h.mem+h.extra[1]
			}
			return true
		}
		h.card--
	}
}

// restFits compares the dimensions beyond cpus and memory.
func (f *filler) restFits(d *deck, shape int32, free []resource.Milli) bool {
	if len(free) == 2 {
		return true
	}
	need := f.p.needs(shape)
	for k := 2; k < len(free); k++ {
		if need[k] > free[k] {
			return false
		}
	}
	return true
}

// holds says whether the hand's card still waits and fits.
func (f *filler) holds(b *open, h *hand) bool {
	if h.cpus > b.free[0] || h.mem > b.free[1] || f.p.shapes[h.shape].waiting == 0 {
		return false
	}
	if len(b.free) > 2 {
		need := f.p.needs(h.shape)
		for k := 2; k < len(need); k++ {
			n := need[k]
			if h.extra != nil {
				n += h.extra[k]
			}
			if n > b.free[k] {
				return false
			}
		}
	}
	return true
}

// best is the hand with the largest score, -1 when none is left. Hands that ran out are dropped.
func (f *filler) best(b *open) int {
	for k, free := range b.free {
		f.weight[k] = 2 * (float64(free) - f.reserve[k]) * f.scale[k]
	}
	kept, best, top := f.hands[:0], -1, 0.0
	for i := range f.hands {
		h := f.hands[i]
		if !f.holds(b, &h) && !f.redraw(b.free, &h) {
			continue
		}
		if !f.simple && f.p.allowed(f.p.groups[f.decks[h.deck].group], b, f.strict) <= 0 {
			continue
		}
		if score := f.score(&h); best < 0 || score > top || score == top && h.shape < kept[best].shape {
			best, top = len(kept), score
		}
		kept = append(kept, h)
	}
	f.hands = kept
	if best >= 0 && f.wastes(b.free, &kept[best]) {
		return f.pair(b, best, top)
	}
	return best
}

// score is how much shorter what is left of the bin becomes when the hand is played: with the bin's room r, less what
// may stay free, and the shape's need x, both as shares of the agent, |r|² − |r−x|² = 2r·x − |x|². The overhead that a start of the
// executor would cost counts against it.
func (f *filler) score(h *hand) float64 {
	if h.extra == nil && len(f.weight) == 2 {
		c, m := float64(h.cpus), float64(h.mem)
		return h.favor * (c*(f.weight[0]-c*f.scale[0]) + m*(f.weight[1]-m*f.scale[1]))
	}
	sum := 0.0
	for k, need := range f.p.needs(h.shape) {
		n := float64(need)
		sum += n * (f.weight[k] - n*f.scale[k])
	}
	for k, over := range h.extra {
		sum -= float64(over) * f.weight[k]
	}
	return h.favor * sum
}

// play places the hand's card: once, or as often as it fits when there is no other hand to choose. It says whether a
// shared executor was started that costs something.
func (f *filler) play(b *open, i int) (started bool) {
	h := &f.hands[i]
	n := 1
	if len(f.hands) == 1 {
		n = max(1, f.p.room(b, h.shape, f.p.shapes[h.shape].waiting, f.strict))
	}
	f.put(b, h.shape, n)
	if h.extra != nil && f.p.groups[f.decks[h.deck].group].like.Executor != "" {
		f.warmUp(f.p.groups[f.decks[h.deck].group].like.Executor)
		return true
	}
	return false
}

// put places n of a demand and keeps count of the shapes that wait.
func (f *filler) put(b *open, shape int32, n int) {
	f.p.put(b, shape, n)
	f.balance.add(shape, -n)
	f.tasks -= n
	f.placedIn[shape-f.from] = f.visit
	if f.p.shapes[shape].waiting == 0 {
		f.left--
	}
}

// warmUp frees the hands that need an executor from its overhead, once it has been started.
func (f *filler) warmUp(id ExecutorID) {
	for i := range f.hands {
		h := &f.hands[i]
		if h.extra != nil && f.p.groups[f.decks[h.deck].group].like.Executor == id {
			h.cpus, h.mem, h.extra = h.cpus-h.extra[0], h.mem-h.extra[1], nil
		}
	}
}
