package offers

import (
	"cmp"
	"slices"
)

// placeFirst places shapes as they come, each on the first bins that hold it.
func (t *segmentTree) placeFirst(from, to int32) { t.p.each(upTo(from, to), t.firstFitAll) }

// placeSmallest places the smallest shapes first; size is the largest share of what all bins have free.
func (t *segmentTree) placeSmallest(from, to int32) {
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
	t.p.each(list, t.firstFitAll)
}

// placeSpread places shapes as they come, task by task, each where the largest share stays free.
func (t *segmentTree) placeSpread(from, to int32) { t.p.each(upTo(from, to), t.spreadOne) }

// firstFitAll places a shape on the first bins with room.
func (t *segmentTree) firstFitAll(s int32, strict bool) {
	for from := 0; t.p.shapes[s].waiting > 0; {
		i, n := t.firstFit(1, 0, t.leaves, from, s, strict)
		if i < 0 {
			break
		}
		t.place(i, s, n)
		from = i + 1
	}
}

// spreadOne places a shape one task at a time on the bin with the largest free share that has room.
func (t *segmentTree) spreadOne(s int32, strict bool) {
	for t.p.shapes[s].waiting > 0 {
		i, _ := t.mostFree(1, 0, t.leaves, s, strict, -1)
		if i < 0 {
			break
		}
		t.place(i, s, 1)
	}
}
