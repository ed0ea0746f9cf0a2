package offers

import (
	"cmp"
	"slices"
)

// run is neighbours in the order of visits that have the same free.
type run struct {
	bins  []int32
	value float64
}

// Weights of resources that bestFirst tries, in steps between two resources; fewer when there are many sizes of agents.
const (
	weightSteps    = 20
	fewWeightSteps = 6
	manySizes      = 256
)

// bestFirst orders agents that need not all be used so that few are: by the sum of what they have free, each resource
// weighed. The weights are those of a few tried with which the fewest agents, from the first, have what waits in every
// resource. The dual of the linear program that picks agents for divisible trials has weights like these.
func (f *filler) bestFirst(before, list []int32) {
	runs := f.p.runs(list)
	if len(runs) < 2 {
		return
	}
	t := newBalance(f.p, f.from, f.to, nil)
	need := t.need
	t.subtract(need, before)
	all := slices.Clone(need)
	t.subtract(all, list)
	if slices.ContainsFunc(all, func(left float64) bool { return left > 0 }) {
		return
	}
	steps := weightSteps
	if len(runs) > manySizes {
		steps = fewWeightSteps
	}
	best, fewest := []run(nil), 0.0
	try := func(weights []float64) {
		for i := range runs {
			runs[i].value = 0
			for k, free := range f.p.bins[runs[i].bins[0]].free {
				if need[k] > 0 {
					runs[i].value += weights[k] * float64(free) / need[k]
				}
			}
		}
		sorted := slices.Clone(runs)
		slices.SortStableFunc(sorted, func(a, b run) int { return cmp.Compare(b.value, a.value) })
		if n := f.p.cover(need, sorted); best == nil || n < fewest {
			best, fewest = sorted, n
		}
	}
	for i := range need {
		for j := range i {
			for step := range steps + 1 {
				weights := make([]float64, len(need))
				weights[i] = float64(step) / float64(steps)
				weights[j] = 1 - weights[i]
				try(weights)
			}
		}
	}
	sorted := make([]int32, 0, len(list))
	for _, r := range best {
		sorted = append(sorted, r.bins...)
	}
	copy(list, sorted)
}

// runs cuts a list of bins into neighbours with the same free.
func (p *pass) runs(list []int32) []run {
	var runs []run
	for from, i := 0, 1; i <= len(list); i++ {
		if i == len(list) || !slices.Equal(p.bins[list[i]].free, p.bins[list[from]].free) {
			runs = append(runs, run{bins: list[from:i:i]})
			from = i
		}
	}
	return runs
}

// subtract takes what bins have free from an amount of need.
func (t *balance) subtract(need []float64, list []int32) {
	for _, i := range list {
		if h := &t.p.hosts[t.p.bins[i].host]; h.avoided || h.foreign {
			continue
		}
		for k, free := range t.p.bins[i].free {
			need[k] -= float64(free)
		}
	}
}

// cover is how many bins of the runs, from the first, have together what is needed of every resource; a part of a bin
// counts as such.
func (p *pass) cover(need []float64, runs []run) float64 {
	most := 0.0
	for k, left := range need {
		n := 0.0
		for _, r := range runs {
			free := float64(p.bins[r.bins[0]].free[k])
			if all := free * float64(len(r.bins)); all < left {
				left -= all
				n += float64(len(r.bins))
				continue
			}
			if left > 0 {
				n += left / free
			}
			break
		}
		most = max(most, n)
	}
	return most
}
