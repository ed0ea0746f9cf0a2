package offers

import (
	"cmp"
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// maxRows bounds the rows of a program: more shapes share rows.
const maxRows = 64

// groupItems cuts what waits into rows of alike shapes: a row per shape when there are few, else the row that
// is spread most is cut in two, where it is spread most, until there are enough.
func (f *filler) groupItems() []itemGroup {
	p := f.p
	var list []itemGroup
	for i := range f.classes {
		var shapes []int32
		for j := range f.classes[i].cols {
			for _, c := range f.classes[i].cols[j].items {
				if p.shapes[c.shape].waiting > 0 {
					shapes = append(shapes, c.shape)
				}
			}
		}
		if len(shapes) > 0 {
			list = append(list, f.newRow(shapes))
		}
	}
	for len(list) < maxRows {
		widest := 0
		for i := range list {
			if list[i].spread > list[widest].spread {
				widest = i
			}
		}
		r := &list[widest]
		if len(r.shapes) == 1 {
			break
		}
		low, high := f.halves(r)
		*r = f.newRow(low)
		list = append(list, f.newRow(high))
	}
	slices.SortStableFunc(list, func(a, b itemGroup) int { return cmp.Compare(b.size, a.size) })
	return list
}

// newRow is a row of shapes of one group: its need is their average, with what an executor of its own costs.
func (f *filler) newRow(shapes []int32) itemGroup {
	p := f.p
	wide := p.dims.len()
	r := itemGroup{shapes: shapes, need: make([]resource.Milli, wide)}
	low, high := slices.Clone(p.needs(shapes[0])), slices.Clone(p.needs(shapes[0]))
	for _, s := range shapes {
		n := p.shapes[s].waiting
		r.count += n
		for k, need := range p.needs(s) {
			r.need[k] += resource.Milli(n) * need
			low[k], high[k] = min(low[k], need), max(high[k], need)
		}
	}
	top := -1.0
	for k := range r.need {
		width := 0.0
		if f.average[k] > 0 {
			width = float64(high[k]-low[k]) / f.average[k] * math.Pow(f.balance.share[k], scarcityPower)
			r.size += float64(r.need[k]) / float64(r.count) / f.average[k]
		}
		if width > top {
			top, r.axis = width, k
		}
		r.need[k] /= resource.Milli(r.count)
	}
	r.spread = top * float64(r.count)
	if len(shapes) == 1 {
		r.spread = -1
	}
	for k, over := range p.groupFor(shapes[0]).overhead {
		r.need[k] += over
	}
	axis := r.axis
	slices.SortFunc(r.shapes, func(a, b int32) int {
		return cmp.Or(cmp.Compare(p.needs(a)[axis], p.needs(b)[axis]), cmp.Compare(a, b))
	})
	return r
}

// halves cuts the shapes of a row where it is spread most, with about as many tasks on both sides.
func (f *filler) halves(r *itemGroup) (low, high []int32) {
	tasks := 0
	for i, s := range r.shapes {
		if tasks += f.p.shapes[s].waiting; 2*tasks >= r.count && i+1 < len(r.shapes) || i+2 == len(r.shapes) {
			return r.shapes[: i+1 : i+1], r.shapes[i+1:]
		}
	}
	return nil, nil
}
