package bench

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// volumeBound is the fewest machines whose sizes add up to what the trials need, for each resource alone; no packing
// uses fewer. When the trials need more than there is, it is all machines.
func volumeBound(machines []Machine, trials []Trial) int {
	var need amounts
	for i := range trials {
		for k, m := range trials[i].amounts() {
			need[k] += m
		}
	}
	n := 0
	for k := range need {
		n = max(n, fewest(machines, need[k], k))
	}
	return n
}

// fewest is how many of the machines, largest first, have so much of a resource.
func fewest(machines []Machine, need resource.Milli, k int) int {
	sizes := make([]resource.Milli, len(machines))
	for i := range machines {
		sizes[i] = machines[i].amounts()[k]
	}
	slices.SortFunc(sizes, func(a, b resource.Milli) int { return cmp.Compare(b, a) })
	n := 0
	for ; n < len(sizes) && need > 0; n++ {
		need -= sizes[n]
	}
	return n
}

// lowerBound is the largest of the bounds: no packing of all trials uses fewer machines.
func lowerBound(machines []Machine, trials []Trial) int {
	n := volumeBound(machines, trials)
	if n == len(machines) {
		return n
	}
	types := typesOf(machines)
	n = max(n, divisibleBound(types, trials), assignmentBound(types, trials))
	return min(len(machines), max(n, configurationBound(types, trials, len(machines))))
}
