package importance

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// side is what a box has of one axis: an interval, or of a choice without an order a set of values.
type side struct {
	low, high float64
	set       uint64
	size      float64 // its share of the axis
}

// leaf is a box in which a tree is constant.
type leaf struct {
	sides []side
	size  float64 // its volume
	value float64
}

// tree is a regression tree (Breiman et al. 1984), and its leaves.
type tree struct {
	root   *node
	leaves []leaf
}

// node is a split, or where low is nil a leaf.
type node struct {
	split
	low, high *node
	value     float64
}

func wholeBox(axes []axis) []side {
	box := make([]side, len(axes))
	for k, a := range axes {
		box[k] = side{high: 1, size: 1}
		if a.measure != nil {
			box[k].set = 1<<len(a.measure) - 1
		}
	}
	return box
}

// below says on which side of a split a coordinate lies.
func (s split) below(a *axis, u float64) bool {
	if a.measure != nil {
		return s.set>>int(u)&1 == 1
	}
	return u < s.at
}

// at is the tree's value at coordinates.
func (t tree) at(axes []axis, u []float64) float64 {
	n := t.root
	for n.low != nil {
		if n.below(&axes[n.axis], u[n.axis]) {
			n = n.low
		} else {
			n = n.high
		}
	}
	return n.value
}

// grower grows one tree.
type grower struct {
	axes  []axis
	rows  []row
	least int // rows of a leaf
	r     *rand.Rand
	out   []leaf
	order []group // scratch
}

// split is a box cut in two: below a coordinate, or the values of a set.
type split struct {
	axis int
	at   float64
	set  uint64
	gain float64 // squared error that goes away
}

func (g *grower) grow(rows []int, box []side) *node {
	sum := 0.0
	for _, i := range rows {
		sum += g.rows[i].y
	}
	best := split{axis: -1, gain: 1e-12 * (1 + math.Abs(sum))}
	if len(rows) >= 2*g.least {
		// of five sixths of the axes, by chance, as in the authors' forests
		for _, k := range g.r.Perm(len(g.axes))[:(5*len(g.axes)+5)/6] {
			if s := g.bestSplit(rows, k, sum); s.gain > best.gain {
				best = s
			}
		}
	}
	if best.axis < 0 {
		size := 1.0
		for _, s := range box {
			size *= s.size
		}
		mean := sum / float64(len(rows))
		g.out = append(g.out, leaf{box, size, mean})
		return &node{value: mean}
	}
	low, high := g.cut(box, best)
	var left, right []int
	for _, i := range rows {
		if best.below(&g.axes[best.axis], g.rows[i].u[best.axis]) {
			left = append(left, i)
		} else {
			right = append(right, i)
		}
	}
	return &node{split: best, low: g.grow(left, low), high: g.grow(right, high)}
}

// group is rows that cannot be told apart on an axis.
type group struct {
	u, sum float64
	n      int
}

// bestSplit is the one of an axis with the most gain. Of a choice the values are taken by their mean, which
// finds the best of all parts (Breiman et al. 1984).
func (g *grower) bestSplit(rows []int, k int, total float64) split {
	groups := g.groups(rows, k)
	best := split{axis: -1}
	n, all := 0, float64(len(rows))
	sum, set := 0.0, uint64(0)
	for i, gr := range groups[:len(groups)-1] {
		n, sum = n+gr.n, sum+gr.sum
		set |= 1 << uint(gr.u) // of a choice; else of no meaning
		if n < g.least || len(rows)-n < g.least {
			continue
		}
		left, right := float64(n), all-float64(n)
		gain := sum*sum/left + (total-sum)*(total-sum)/right - total*total/all
		if gain > best.gain {
			best = split{k, gr.u + g.r.Float64()*(groups[i+1].u-gr.u), set, gain}
			best.at = math.Max(best.at, math.Nextafter(gr.u, 1))
		}
	}
	return best
}

// groups is the rows by their coordinate on an axis, in its order; of a choice by their mean.
func (g *grower) groups(rows []int, k int) []group {
	g.order = g.order[:0]
	for _, i := range rows {
		g.order = append(g.order, group{g.rows[i].u[k], g.rows[i].y, 1})
	}
	slices.SortFunc(g.order, func(a, b group) int { return cmp.Compare(a.u, b.u) })
	groups := g.order[:1]
	for _, one := range g.order[1:] {
		if last := &groups[len(groups)-1]; last.u == one.u {
			last.sum, last.n = last.sum+one.sum, last.n+1
		} else {
			groups = append(groups, one)
		}
	}
	if g.axes[k].measure != nil {
		slices.SortStableFunc(groups, func(a, b group) int {
			return cmp.Compare(a.sum/float64(a.n), b.sum/float64(b.n))
		})
	}
	return groups
}

func (g *grower) cut(box []side, s split) (low, high []side) {
	low, high = slices.Clone(box), slices.Clone(box)
	l, h, a := &low[s.axis], &high[s.axis], g.axes[s.axis]
	if a.measure == nil {
		l.high, h.low = s.at, s.at
		l.size, h.size = l.high-l.low, h.high-h.low
		return low, high
	}
	l.set &= s.set
	h.set &^= s.set
	l.size, h.size = 0, 0
	for rest := l.set; rest != 0; rest &= rest - 1 {
		l.size += a.measure[bits.TrailingZeros64(rest)]
	}
	for rest := h.set; rest != 0; rest &= rest - 1 {
		h.size += a.measure[bits.TrailingZeros64(rest)]
	}
	return low, high
}
