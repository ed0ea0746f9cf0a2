package offers

import "github.com/kaon-sweep/kaon/sweep/resource"

// pairColumns is how many columns are tried for the second shape of a pair, those with the most cpus that fit. More
// found nothing better on any workload tried.
const pairColumns = 3

// wastes says whether the hand would leave some of the bin that no shape is small enough to use.
func (f *filler) wastes(free []resource.Milli, h *hand) bool {
	cpus, mem := free[0]-h.cpus, free[1]-h.mem
	return cpus > 0 && cpus < f.low[0] || mem > 0 && mem < f.low[1]
}

// pair looks one step further than best when the best hand would be the last: another shape may leave room for a
// second one, and both together use more. It returns the hand to play now; the second is found when its turn comes.
func (f *filler) pair(b *open, best int, top float64) int {
	f.room = append(f.room[:0], b.free...)
	choice := best
	for i := range f.hands {
		x := &f.hands[i]
		first := f.score(x)
		if i == best || first+first < top {
			continue
		}
		f.room[0], f.room[1] = b.free[0]-x.cpus, b.free[1]-x.mem
		if f.room[0] < f.low[0] || f.room[1] < f.low[1] {
			continue
		}
		if both := first + f.second(x); both > top {
			choice, top = i, both
		}
	}
	return choice
}

// second is the largest score of a hand in the room that is left, of the few columns tried.
func (f *filler) second(x *hand) float64 {
	for k, need := range f.p.needs(x.shape)[2:] {
		f.room[k+2] -= need
	}
	best := 0.0
	for j, tries := len(f.hands)-1, 0; j >= 0 && tries < pairColumns; j-- {
		y := f.hands[j]
		if y.cpus > f.room[0] && f.decks[y.deck].cols[y.col].least > f.room[0] {
			continue
		}
		if f.redraw(f.room, &y) {
			tries++
			best = max(best, f.score(&y)-f.shared(x, &y))
		}
	}
	for k, need := range f.p.needs(x.shape)[2:] {
		f.room[k+2] += need
	}
	return best
}

// shared is what the scores of two hands count twice: 2x·y of |r|² − |r−x−y|².
func (f *filler) shared(x, y *hand) float64 {
	return 2 * (float64(x.cpus)*float64(y.cpus)*f.scale[0] + float64(x.mem)*float64(y.mem)*f.scale[1])
}
