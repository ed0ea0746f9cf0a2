package bench

import "github.com/kaon-sweep/kaon/sweep"

// bestFit is the plain packer that others are measured beside: trial after trial, it scans all machines for the one that
// would have the least left, as a share of its size, and keeps no index. It is also an oracle: what it can place, a
// packer that leaves nothing out cannot find infeasible.
type bestFit struct {
	size []Machine
	free []Machine
	used []bool
}

func newBestFit(machines []Machine) *bestFit {
	return &bestFit{size: machines, free: append([]Machine(nil), machines...), used: make([]bool, len(machines))}
}

// place puts a trial on a machine and says which; -1 when none holds it.
func (b *bestFit) place(t Trial) int {
	best, least := -1, 0.0
	for i := range b.free {
		f := &b.free[i]
		if f.CPUs < t.CPUs || f.Mem < t.Mem {
			continue
		}
		left := share(f.CPUs-t.CPUs, b.size[i].CPUs) + share(f.Mem-t.Mem, b.size[i].Mem)
		if best < 0 || left < least {
			best, least = i, left
		}
	}
	if best >= 0 {
		b.free[best].CPUs -= t.CPUs
		b.free[best].Mem -= t.Mem
		b.used[best] = true
	}
	return best
}

// release gives a trial's resources back.
func (b *bestFit) release(machine int, t Trial) {
	b.free[machine].CPUs += t.CPUs
	b.free[machine].Mem += t.Mem
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

func share(part, whole sweep.Milli) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
