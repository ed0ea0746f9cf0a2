package bench

import "github.com/kaon-sweep/kaon/sweep/resource"

// bestFit is the plain packer that others are measured beside: trial after trial, it scans all machines for the one
// that would have the least left, as a share of its size, and keeps no index. It is also an oracle: what it can place,
// a packer that leaves nothing out cannot find infeasible.
type bestFit struct {
	wide int // resources that some trial or machine has
	size []amounts
	free []amounts
	used []bool
}

func newBestFit(machines []Machine) *bestFit {
	b := &bestFit{wide: minAmounts, used: make([]bool, len(machines))}
	for i := range machines {
		size := machines[i].amounts()
		for k, m := range size {
			if m > 0 {
				b.wide = max(b.wide, k+1)
			}
		}
		b.size, b.free = append(b.size, size), append(b.free, size)
	}
	return b
}

// place puts a trial on a machine and says which; -1 when none holds it.
func (b *bestFit) place(t Trial) int {
	need := t.amounts()
	best, least := -1, 0.0
	for i := range b.free {
		if left, fits := b.left(i, &need); fits && (best < 0 || left < least) {
			best, least = i, left
		}
	}
	if best >= 0 {
		for k, m := range need {
			b.free[best][k] -= m
		}
		b.used[best] = true
	}
	return best
}

// left is the shares of a machine that stay free beside a trial, summed; false when it does not fit.
func (b *bestFit) left(machine int, need *amounts) (float64, bool) {
	free, size := &b.free[machine], &b.size[machine]
	if free[0] < need[0] || free[1] < need[1] {
		return 0, false
	}
	sum := share(free[0]-need[0], size[0]) + share(free[1]-need[1], size[1])
	for k := minAmounts; k < b.wide; k++ {
		if free[k] < need[k] {
			return 0, false
		}
		sum += share(free[k]-need[k], size[k])
	}
	for _, m := range need[b.wide:] {
		if m > 0 {
			return 0, false
		}
	}
	return sum, true
}

// release gives a trial's resources back.
func (b *bestFit) release(machine int, t Trial) {
	for k, m := range t.amounts() {
		b.free[machine][k] += m
	}
}

// hosts is how many machines hold something.
func (b *bestFit) hosts() int {
	n := 0
	for _, used := range b.used {
		if used {
			n++
		}
	}
	return n
}

func share(part, whole resource.Milli) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
