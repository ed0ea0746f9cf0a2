package offers

import "github.com/kaon-sweep/kaon/sweep/resource"

// head is the best item of one column for the bin being filled.
type head struct {
	class, col int32
	item       int32 // its place in the column
	shape      int32
	cpus, mem  resource.Milli   // what it takes from the bin now, executor included
	extra      []resource.Milli // the executor's overhead that it would pay now; nil: none
	weight     float64          // of its class
}

// maxHeads bounds the heads that compete for a bin: every placement looks at each. Columns beyond it get what
// the columns before them left.
const maxHeads = 192

// gatherHeads takes the best item of every column whose group may use the bin, from a class on until there
// are maxHeads. It returns the class to go on with.
func (f *filler) gatherHeads(b *binState, from int) int {
	f.heads = f.heads[:0]
	for ; from < len(f.classes) && len(f.heads) < maxHeads; from++ {
		d := &f.classes[from]
		if b.free[cpus] < d.low[cpus] || b.free[mem] < d.low[mem] {
			continue
		}
		g := f.p.groups[d.group]
		if f.p.allowed(g, b, f.strict) <= 0 {
			continue
		}
		var extra []resource.Milli
		if g.overhead != nil && (g.example.Executor == "" || !f.p.warm(b, g.example.Executor)) {
			extra = g.overhead
		}
		for j := range d.cols {
			h := head{class: int32(from), col: int32(j), item: int32(len(d.cols[j].items)) - 1, extra: extra,
				weight: d.weight}
			if f.advance(b.free, &h) {
				f.heads = append(f.heads, h)
			}
		}
	}
	return from
}

// advance moves the head down its column to the next item that waits and fits; false when there is none.
func (f *filler) advance(room []resource.Milli, h *head) bool {
	d := &f.classes[h.class]
	c := &d.cols[h.col]
	var buffer [8]resource.Milli
	free := append(buffer[:0], room...)
	for k, over := range h.extra {
		free[k] -= over
	}
	for k := leading; k < len(free); k++ {
		if free[k] < d.low[k] {
			return false
		}
	}
	if free[cpus] < c.least || free[mem] < c.items[0].mem || h.item < 0 {
		return false
	}
	h.item = c.upTo(free[mem], h.item)
	for {
		if h.item = c.highestAlive(h.item); h.item < 0 {
			return false
		}
		top := &c.items[h.item]
		if f.p.shapes[top.shape].waiting == 0 {
			if f.placedIn[top.shape-f.from] == f.visit {
				h.item-- // an exchange may bring it back
			} else {
				c.drop(h.item)
			}
			continue
		}
		if top.cpus <= free[cpus] && f.restFits(d, top.shape, free) {
			h.shape, h.cpus, h.mem = top.shape, top.cpus, top.mem
			if h.extra != nil {
				h.cpus, h.mem = h.cpus+h.extra[cpus], h.mem+h.extra[mem]
			}
			return true
		}
		h.item--
	}
}

// restFits compares the dimensions beyond cpus and memory.
func (f *filler) restFits(d *itemClass, shape int32, free []resource.Milli) bool {
	if len(free) == 2 {
		return true
	}
	need := f.p.needs(shape)
	for k := leading; k < len(free); k++ {
		if need[k] > free[k] {
			return false
		}
	}
	return true
}

// stillFits says whether the head's item still waits and fits.
func (f *filler) stillFits(b *binState, h *head) bool {
	if h.cpus > b.free[cpus] || h.mem > b.free[mem] || f.p.shapes[h.shape].waiting == 0 {
		return false
	}
	if len(b.free) > 2 {
		need := f.p.needs(h.shape)
		for k := leading; k < len(need); k++ {
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

// score is how much shorter what is left of the bin becomes when its item is placed: with the bin's room r,
// less what may stay free, and the shape's need x, both as shares of the agent, |r|² − |r−x|² = 2r·x − |x|².
// The overhead that a start of the executor would cost counts against it.
func (f *filler) score(h *head) float64 {
	if h.extra == nil && len(f.weight) == 2 {
		c, m := float64(h.cpus), float64(h.mem)
		return h.weight * (c*(f.weight[cpus]-c*f.scale[cpus]) + m*(f.weight[mem]-m*f.scale[mem]))
	}
	sum := 0.0
	for k, need := range f.p.needs(h.shape) {
		n := float64(need)
		sum += n * (f.weight[k] - n*f.scale[k])
	}
	for k, over := range h.extra {
		sum -= float64(over) * f.weight[k]
	}
	return h.weight * sum
}

// put places n of a demand and keeps count of the shapes that wait.
func (f *filler) put(b *binState, shape int32, n int) {
	f.p.put(b, shape, n)
	f.balance.add(shape, -n)
	f.tasks -= n
	f.placedIn[shape-f.from] = f.visit
	if f.p.shapes[shape].waiting == 0 {
		f.left--
	}
}

// executorStarted frees the heads that need an executor from its overhead, once it has been started.
func (f *filler) executorStarted(id ExecutorID) {
	for i := range f.heads {
		h := &f.heads[i]
		if h.extra != nil && f.p.groups[f.classes[h.class].group].example.Executor == id {
			h.cpus, h.mem, h.extra = h.cpus-h.extra[cpus], h.mem-h.extra[mem], nil
		}
	}
}
