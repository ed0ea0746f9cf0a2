package offers

import "github.com/kaon-sweep/kaon/sweep/resource"

// segmentTree is a tree over the bins whose nodes hold the most of every dimension below them, so that a
// search for a bin that holds a shape skips what cannot.
type segmentTree struct {
	p      *pass
	leaves int
	most   []resource.Milli // by node and dimension; node 1 is the root, leaf i is node leaves+i
	share  []float64        // by node: the largest share that stays free, for spread
}

func newSegmentTree(p *pass) *segmentTree {
	t := &segmentTree{p: p, leaves: 1}
	for t.leaves < len(p.bins) {
		t.leaves *= 2
	}
	wide := p.dims.len()
	t.most = make([]resource.Milli, 2*t.leaves*wide)
	t.share = make([]float64, 2*t.leaves)
	for i := range p.bins {
		t.set(i)
	}
	for n := t.leaves - 1; n > 0; n-- {
		t.pull(n)
	}
	return t
}

// node is the vector of a node.
func (t *segmentTree) node(n int) []resource.Milli {
	wide := t.p.dims.len()
	return t.most[n*wide : (n+1)*wide]
}

// set copies a bin into its leaf.
func (t *segmentTree) set(i int) {
	b := &t.p.bins[i]
	copy(t.node(t.leaves+i), b.free)
	t.share[t.leaves+i] = t.p.freeShare(b)
}

// pull makes a node from its two children.
func (t *segmentTree) pull(n int) {
	to, left, right := t.node(n), t.node(2*n), t.node(2*n+1)
	for k := range to {
		to[k] = max(left[k], right[k])
	}
	t.share[n] = max(t.share[2*n], t.share[2*n+1])
}

// place places n of a shape in bin i and carries the change to the root.
func (t *segmentTree) place(i int, s int32, n int) {
	t.p.put(&t.p.bins[i], s, n)
	t.set(i)
	for node := (t.leaves + i) / 2; node > 0; node /= 2 {
		t.pull(node)
	}
}

func (t *segmentTree) mayFit(node int, need []resource.Milli) bool {
	for k, most := range t.node(node) {
		if need[k] > most {
			return false
		}
	}
	return true
}

// firstFit is the first bin at or after from that has room for the shape, and how much; -1 when none has.
func (t *segmentTree) firstFit(node, low, high, from int, s int32, strict bool) (int, int) {
	if high <= from || low >= len(t.p.bins) || !t.mayFit(node, t.p.needs(s)) {
		return -1, 0
	}
	if high-low == 1 {
		if n := t.p.room(&t.p.bins[low], s, t.p.shapes[s].waiting, strict); n > 0 {
			return low, n
		}
		return -1, 0
	}
	middle := (low + high) / 2
	if i, n := t.firstFit(2*node, low, middle, from, s, strict); i >= 0 {
		return i, n
	}
	return t.firstFit(2*node+1, middle, high, from, s, strict)
}

// mostFree is the bin with the largest free share above floor that has room; the first of equals.
func (t *segmentTree) mostFree(node, low, high int, s int32, strict bool, floor float64) (int, float64) {
	if low >= len(t.p.bins) || t.share[node] <= floor || !t.mayFit(node, t.p.needs(s)) {
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
		best, top = t.mostFree(2*node, low, middle, s, strict, top)
		if i, share := t.mostFree(2*node+1, middle, high, s, strict, top); i >= 0 {
			best, top = i, share
		}
		return best, top
	}
	best, top = t.mostFree(2*node+1, middle, high, s, strict, top)
	if i, share := t.mostFree(2*node, low, middle, s, strict, top); i >= 0 {
		best, top = i, share
	}
	return best, top
}

// freeShare is the smallest share of its agent's capacity, over the dimensions the agent has, that a bin has
// free.
func (p *pass) freeShare(b *binState) float64 {
	share := 1.0
	var buffer [8]resource.Milli
	for k, have := range p.dims.append(buffer[:0], &p.agents[b.agent].row.Capacity) {
		if have > 0 {
			share = min(share, float64(b.free[k])/float64(have))
		}
	}
	return share
}
