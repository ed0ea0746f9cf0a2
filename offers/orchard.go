package offers

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// orchard is a tree over the bins whose nodes hold the most of every dimension below them, so that a search for a bin
// that holds a shape skips what cannot.
type orchard struct {
	p      *pass
	leaves int
	most   []resource.Milli // by node and dimension; node 1 is the root, leaf i is node leaves+i
	share  []float64        // by node: the largest share that stays free, for spread
}

func newOrchard(p *pass) *orchard {
	t := &orchard{p: p, leaves: 1}
	for t.leaves < len(p.bins) {
		t.leaves *= 2
	}
	wide := p.dims.len()
	t.most = make([]resource.Milli, 2*t.leaves*wide)
	t.share = make([]float64, 2*t.leaves)
	for i := range p.bins {
		t.leaf(i)
	}
	for n := t.leaves - 1; n > 0; n-- {
		t.join(n)
	}
	return t
}

// node is the vector of a node.
func (t *orchard) node(n int) []resource.Milli {
	wide := t.p.dims.len()
	return t.most[n*wide : (n+1)*wide]
}

// leaf copies a bin into its leaf.
func (t *orchard) leaf(i int) {
	b := &t.p.bins[i]
	copy(t.node(t.leaves+i), b.free)
	t.share[t.leaves+i] = t.p.freeShare(b)
}

// join makes a node from its two children.
func (t *orchard) join(n int) {
	to, left, right := t.node(n), t.node(2*n), t.node(2*n+1)
	for k := range to {
		to[k] = max(left[k], right[k])
	}
	t.share[n] = max(t.share[2*n], t.share[2*n+1])
}

// put places n of a shape in bin i and carries the change to the root.
func (t *orchard) put(i int, s int32, n int) {
	t.p.put(&t.p.bins[i], s, n)
	t.leaf(i)
	for node := (t.leaves + i) / 2; node > 0; node /= 2 {
		t.join(node)
	}
}

func (t *orchard) mayHold(node int, need []resource.Milli) bool {
	for k, most := range t.node(node) {
		if need[k] > most {
			return false
		}
	}
	return true
}

// next is the first bin at or after from that has room for the shape, and how much; -1 when none has.
func (t *orchard) next(node, low, high, from int, s int32, strict bool) (int, int) {
	if high <= from || low >= len(t.p.bins) || !t.mayHold(node, t.p.needs(s)) {
		return -1, 0
	}
	if high-low == 1 {
		if n := t.p.room(&t.p.bins[low], s, t.p.shapes[s].waiting, strict); n > 0 {
			return low, n
		}
		return -1, 0
	}
	middle := (low + high) / 2
	if i, n := t.next(2*node, low, middle, from, s, strict); i >= 0 {
		return i, n
	}
	return t.next(2*node+1, middle, high, from, s, strict)
}

// first places shapes as they come, each on the first bins that hold it.
func (t *orchard) first(from, to int32) { t.p.each(upTo(from, to), t.fit) }

// soonest places the smallest shapes first; size is the largest share of what all bins have free.
func (t *orchard) soonest(from, to int32) {
	all := make([]float64, t.p.dims.len())
	for i := range t.p.bins {
		for k, free := range t.p.bins[i].free {
			all[k] += float64(free)
		}
	}
	size := make([]float64, len(t.p.shapes))
	list := upTo(from, to)
	for _, s := range list {
		for k, need := range t.p.needs(s) {
			if need > 0 {
				size[s] = max(size[s], float64(need)/all[k])
			}
		}
	}
	slices.SortStableFunc(list, func(a, b int32) int { return cmp.Compare(size[a], size[b]) })
	t.p.each(list, t.fit)
}

// spread places shapes as they come, task by task, each where the largest share stays free.
func (t *orchard) spread(from, to int32) { t.p.each(upTo(from, to), t.scatter) }

// fit places a shape on the first bins with room.
func (t *orchard) fit(s int32, strict bool) {
	for from := 0; t.p.shapes[s].waiting > 0; {
		i, n := t.next(1, 0, t.leaves, from, s, strict)
		if i < 0 {
			break
		}
		t.put(i, s, n)
		from = i + 1
	}
}

// scatter places a shape one task at a time on the bin with the largest free share that has room.
func (t *orchard) scatter(s int32, strict bool) {
	for t.p.shapes[s].waiting > 0 {
		i, _ := t.freest(1, 0, t.leaves, s, strict, -1)
		if i < 0 {
			break
		}
		t.put(i, s, 1)
	}
}

// freest is the bin with the largest free share above floor that has room; the first of equals.
func (t *orchard) freest(node, low, high int, s int32, strict bool, floor float64) (int, float64) {
	if low >= len(t.p.bins) || t.share[node] <= floor || !t.mayHold(node, t.p.needs(s)) {
		return -1, floor
	}
	if high-low == 1 {
		if t.p.room(&t.p.bins[low], s, 1, strict) > 0 {
			return low, t.share[node]
		}
		return -1, floor
	}
	middle := (low + high) / 2
	best, top := -1, floor
	if t.share[2*node] >= t.share[2*node+1] {
		best, top = t.freest(2*node, low, middle, s, strict, top)
		if i, share := t.freest(2*node+1, middle, high, s, strict, top); i >= 0 {
			best, top = i, share
		}
		return best, top
	}
	best, top = t.freest(2*node+1, middle, high, s, strict, top)
	if i, share := t.freest(2*node, low, middle, s, strict, top); i >= 0 {
		best, top = i, share
	}
	return best, top
}

// freeShare is the smallest share of its agent's capacity, over the dimensions the agent has, that a bin has free.
func (p *pass) freeShare(b *open) float64 {
	share := 1.0
	var buffer [8]resource.Milli
	for k, have := range p.dims.append(buffer[:0], &p.hosts[b.host].row.Capacity) {
		if have > 0 {
			share = min(share, float64(b.free[k])/float64(have))
		}
	}
	return share
}
