package bench

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// lowerBound is the fewest machines whose sizes add up to what the trials need, for each resource alone; no packing
// uses fewer. When the trials need more than there is, it is all machines.
func lowerBound(machines []Machine, trials []Trial) int {
	var cpus, mem sweep.Milli
	for _, t := range trials {
		cpus += t.CPUs
		mem += t.Mem
	}
	return max(
		fewest(machines, cpus, func(m Machine) sweep.Milli { return m.CPUs }),
		fewest(machines, mem, func(m Machine) sweep.Milli { return m.Mem }),
	)
}

// fewest is how many of the machines, largest first, have so much of a resource.
func fewest(machines []Machine, need sweep.Milli, size func(Machine) sweep.Milli) int {
	sizes := make([]sweep.Milli, len(machines))
	for i, m := range machines {
		sizes[i] = size(m)
	}
	slices.SortFunc(sizes, func(a, b sweep.Milli) int { return cmp.Compare(b, a) })
	n := 0
	for ; n < len(sizes) && need > 0; n++ {
		need -= sizes[n]
	}
	return n
}
