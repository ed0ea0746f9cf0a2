package offers

import "github.com/kaon-sweep/kaon/sweep/resource"

// pairColumns is how many columns are tried for the second shape of a pair, those with the most cpus that
// fit. More found nothing better on any workload tried.
const pairColumns = 3

// leavesSliver says whether the head would leave some of the bin that no shape is small enough to use.
func (f *filler) leavesSliver(free []resource.Milli, h *head) bool {
	restCPUs, restMem := free[cpus]-h.cpus, free[mem]-h.mem
	return restCPUs > 0 && restCPUs < f.low[cpus] || restMem > 0 && restMem < f.low[mem]
}

// lookAhead looks one step further than best when the best head would be the last: another shape may leave
// room for a second one, and both together use more. It returns the head to place now; the second is found
// when its turn comes.
func (f *filler) lookAhead(b *binState, best int, top float64) int {
	f.room = append(f.room[:0], b.free...)
	choice := best
	for i := range f.heads {
		x := &f.heads[i]
		first := f.score(x)
		if i == best || first+first < top {
			continue
		}
		f.room[cpus], f.room[mem] = b.free[cpus]-x.cpus, b.free[mem]-x.mem
		if f.room[cpus] < f.low[cpus] || f.room[mem] < f.low[mem] {
			continue
		}
		if both := first + f.bestAfter(x); both > top {
			choice, top = i, both
		}
	}
	return choice
}

// bestAfter is the largest score of a head in the room that is left, of the few columns tried.
func (f *filler) bestAfter(x *head) float64 {
	for k, need := range f.p.needs(x.shape)[leading:] {
		f.room[k+leading] -= need
	}
	best := 0.0
	for j, tries := len(f.heads)-1, 0; j >= 0 && tries < pairColumns; j-- {
		y := f.heads[j]
		if y.cpus > f.room[cpus] && f.classes[y.class].cols[y.col].least > f.room[cpus] {
			continue
		}
		if f.advance(f.room, &y) {
			tries++
			best = max(best, f.score(&y)-f.overlap(x, &y))
		}
	}
	for k, need := range f.p.needs(x.shape)[leading:] {
		f.room[k+leading] += need
	}
	return best
}

// overlap is what the scores of two heads count twice: 2x·y of |r|² − |r−x−y|².
func (f *filler) overlap(x, y *head) float64 {
	return 2 * (float64(x.cpus)*float64(y.cpus)*f.scale[cpus] + float64(x.mem)*float64(y.mem)*f.scale[mem])
}
