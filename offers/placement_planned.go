package offers

import (
	"math"
	"slices"
	"sort"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// fill fills the next bin of the column's class by it, as far as there are tasks.
func (l *rounding) fill(c *configuration) {
	class := &l.classes[c.class]
	bin := class.bins[0]
	class.bins = class.bins[1:]
	l.order, l.filled[bin] = append(l.order, bin), true
	p := l.f.p
	b := &p.bins[bin]
	l.f.visit++
	before, failed := len(p.placed), false
	if l.spread() {
		l.f.aim(b)
		l.f.measure(b)
	}
	target := l.target[:0] // what is to be free after the task
	for k := range b.free {
		target = append(target, b.free[k])
		for i, n := range c.counts {
			target[k] -= resource.Milli(n) * l.rows[i].need[k]
		}
		target[k] = max(0, target[k])
	}
	l.target = target
	for i := len(c.counts) - 1; i >= 0; i-- {
		for k, need := range l.rows[i].need {
			target[k] += resource.Milli(c.counts[i]) * need
		}
	}
	tasks := 0
	for _, n := range c.counts {
		tasks += int(n)
	}
	for i, n := range c.counts {
		r := &l.rows[i]
		if n > 0 && len(r.shapes) == 1 {
			s := r.shapes[0]
			if most := p.room(b, s, min(int(n), p.shapes[s].waiting), false); most > 0 {
				l.f.put(b, s, most)
			}
			for k, need := range r.need {
				target[k] -= resource.Milli(n) * need
			}
			continue
		}
		for ; n > 0; n-- {
			for k, need := range r.need {
				target[k] -= need
			}
			at := -1
			if tasks--; tasks >= exactTasks {
				at = l.spare(b, r, target)
			}
			if at < 0 {
				at = l.pick(b, r, target)
			}
			if at < 0 {
				failed = true
				continue
			}
			s := r.shapes[at]
			if p.room(b, s, 1, false) == 1 {
				l.f.put(b, s, 1)
				if p.shapes[s].waiting == 0 {
					r.shapes = slices.Delete(r.shapes, at, at+1)
				}
			}
		}
	}
	if l.spread() {
		if failed {
			l.f.choose(b)
		}
		if l.f.left > 0 && l.f.improve(b, before) {
			l.f.choose(b)
		}
	}
}

// spare is the shape, of the ends and two between them, that leaves as near as possible to the target free,
// so that the middle of the row is kept for the last tasks of later agents.
func (l *rounding) spare(b *binState, r *itemGroup, target []resource.Milli) int {
	p := l.f.p
	n := len(r.shapes)
	l.draws += goldenRatio
	l.draws -= math.Floor(l.draws)
	best, least := -1, math.Inf(1)
	for _, at := range [4]int{0, n - 1, int(l.draws * float64(n)), n - 1 - int(l.draws*float64(n))} {
		if at < 0 || at >= n || p.shapes[r.shapes[at]].waiting == 0 {
			continue
		}
		if d := l.distance(b, r.shapes[at], target); d < least {
			best, least = at, d
		}
	}
	return best
}

// distance is how far from the target a task leaves the agent; infinite when it does not fit.
func (l *rounding) distance(b *binState, s int32, target []resource.Milli) float64 {
	sum := 0.0
	for k, need := range l.f.p.needs(s) {
		if need > b.free[k] {
			return math.Inf(1)
		}
		if l.f.average[k] > 0 {
			d := float64(b.free[k]-need-target[k]) / l.f.average[k] * l.f.balance.share[k]
			sum += d * d
		}
	}
	return sum
}

// pick is the shape of a row that fits and leaves as near as possible to the target free; -1 when none fits.
func (l *rounding) pick(b *binState, r *itemGroup, target []resource.Milli) int {
	p := l.f.p
	want := b.free[r.axis] - target[r.axis]
	mid := sort.Search(len(r.shapes), func(i int) bool { return p.needs(r.shapes[i])[r.axis] >= want })
	best, least := -1, math.Inf(1)
	scale := 1 / l.f.average[r.axis]
	for low, high := mid-1, mid; low >= 0 || high < len(r.shapes); {
		at := high
		lowGap, highGap := math.Inf(1), math.Inf(1)
		if low >= 0 {
			lowGap = float64(want-p.needs(r.shapes[low])[r.axis]) * scale
		}
		if high < len(r.shapes) {
			highGap = float64(p.needs(r.shapes[high])[r.axis]-want) * scale
		}
		gap := highGap
		if lowGap <= highGap {
			at, gap = low, lowGap
			low--
		} else {
			high++
		}
		if gap*gap >= least {
			break
		}
		if p.shapes[r.shapes[at]].waiting == 0 {
			continue
		}
		sum := l.distance(b, r.shapes[at], target)
		if sum < least {
			best, least = at, sum
		}
	}
	return best
}
