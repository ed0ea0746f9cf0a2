package offers

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// orchard is a tree over the bins whose nodes hold the most of every dimension below them, so that a search for a bin
// that holds a shape skips what cannot.
type orchard struct {
	p      *pass
	leaves int
	most   []sweep.Milli // by node and dimension; node 1 is the root, leaf i is node leaves+i
	share  []float64     // by node: the largest share that stays free, for spread
}

func newOrchard(p *pass) *orchard {
	t := &orchard{p: p, leaves: 1}
	for t.leaves < len(p.bins) {
		t.leaves *= 2
	}
	wide := p.dims.len()
	t.most = make([]sweep.Milli, 2*t.leaves*wide)
	t.share = make([]float64, 2*t.leaves)
	for i := range p.bins {
		t.leaf(i)
	}
	for n := t.leaves - 1; n > 0; n-- {
		t.join(n)
	}
	return t
}

// leaf copies a bin into its leaf.
func (t *orchard) leaf(i int) {
	b := &t.p.bins[i]
	copy(t.p.dims.of(t.most, t.leaves+i), b.free)
	t.share[t.leaves+i] = t.p.freeShare(b)
}

// join makes a node from its two children.
func (t *orchard) join(n int) {
	to, left, right := t.p.dims.of(t.most, n), t.p.dims.of(t.most, 2*n), t.p.dims.of(t.most, 2*n+1)
	for k := range to {
		to[k] = max(left[k], right[k])
	}
	t.share[n] = max(t.share[2*n], t.share[2*n+1])
}

// put places n of a demand in bin i and carries the change to the root.
func (t *orchard) put(i int, d int32, n int) {
	t.p.put(&t.p.bins[i], d, n)
	t.leaf(i)
	for node := (t.leaves + i) / 2; node > 0; node /= 2 {
		t.join(node)
	}
}

func (t *orchard) mayHold(node int, need []sweep.Milli) bool {
	for k, most := range t.p.dims.of(t.most, node) {
		if need[k] > most {
			return false
		}
	}
	return true
}

// next is the first bin at or after from that has room for the demand, and how much; -1 when none has.
func (t *orchard) next(node, low, high, from int, d int32, strict bool) (int, int) {
	if high <= from || low >= len(t.p.bins) || !t.mayHold(node, t.p.dims.of(t.p.need, int(d))) {
		return -1, 0
	}
	if high-low == 1 {
		if n := t.p.room(&t.p.bins[low], d, t.p.waiting[d], strict); n > 0 {
			return low, n
		}
		return -1, 0
	}
	middle := (low + high) / 2
	if i, n := t.next(2*node, low, middle, from, d, strict); i >= 0 {
		return i, n
	}
	return t.next(2*node+1, middle, high, from, d, strict)
}

// first places demands as they come, each on the first bins that hold it.
func (t *orchard) first(demands []int32) { t.each(demands, t.fit) }

// soonest places the smallest demands first; size is the largest share of what all bins have free.
func (t *orchard) soonest(demands []int32) {
	all := make([]float64, t.p.dims.len())
	for i := range t.p.bins {
		for k, free := range t.p.bins[i].free {
			all[k] += float64(free)
		}
	}
	size := make([]float64, len(t.p.demands))
	for _, d := range demands {
		for k, need := range t.p.dims.of(t.p.need, int(d)) {
			if need > 0 {
				size[d] = max(size[d], float64(need)/all[k])
			}
		}
	}
	list := slices.Clone(demands)
	slices.SortStableFunc(list, func(a, b int32) int { return cmp.Compare(size[a], size[b]) })
	t.each(list, t.fit)
}

// spread places demands as they come, task by task, each where the largest share stays free.
func (t *orchard) spread(demands []int32) { t.each(demands, t.scatter) }

// each runs a placement over demands: wishes first, and again while a rule that evens counts may open.
func (t *orchard) each(demands []int32, place func(d int32, strict bool) bool) {
	t.p.each(demands, place)
}

// fit places a demand on the first bins with room.
func (t *orchard) fit(d int32, strict bool) bool {
	moved := false
	for from := 0; t.p.waiting[d] > 0; {
		i, n := t.next(1, 0, t.leaves, from, d, strict)
		if i < 0 {
			break
		}
		t.put(i, d, n)
		moved = true
		from = i + 1
	}
	return moved
}

// scatter places a demand one task at a time on the bin with the largest free share that has room.
func (t *orchard) scatter(d int32, strict bool) bool {
	moved := false
	for t.p.waiting[d] > 0 {
		i, _ := t.freest(1, 0, t.leaves, d, strict, -1)
		if i < 0 {
			break
		}
		t.put(i, d, 1)
		moved = true
	}
	return moved
}

// freest is the bin with the largest free share above floor that has room; the first of equals.
func (t *orchard) freest(node, low, high int, d int32, strict bool, floor float64) (int, float64) {
	if low >= len(t.p.bins) || t.share[node] <= floor || !t.mayHold(node, t.p.dims.of(t.p.need, int(d))) {
		return -1, floor
	}
	if high-low == 1 {
		if t.p.room(&t.p.bins[low], d, 1, strict) > 0 {
			return low, t.share[node]
		}
		return -1, floor
	}
	middle := (low + high) / 2
	best, top := -1, floor
	if t.share[2*node] >= t.share[2*node+1] {
		best, top = t.freest(2*node, low, middle, d, strict, top)
		if i, share := t.freest(2*node+1, middle, high, d, strict, top); i >= 0 {
			best, top = i, share
		}
		return best, top
	}
	best, top = t.freest(2*node+1, middle, high, d, strict, top)
	if i, share := t.freest(2*node, low, middle, d, strict, top); i >= 0 {
		best, top = i, share
	}
	return best, top
}

// freeShare is the smallest share of its agent's capacity, over the dimensions the agent has, that a bin has free.
func (p *pass) freeShare(b *open) float64 {
	share := 1.0
	var buffer [8]sweep.Milli
	for k, have := range p.dims.append(buffer[:0], &p.hosts[b.host].row.Capacity) {
		if have > 0 {
			share = min(share, float64(b.free[k])/float64(have))
		}
	}
	return share
}
