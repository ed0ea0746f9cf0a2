package offers

import (
	"cmp"
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// run is neighbours in the order of bins that have the same free.
type run struct {
	bins  []int32
	free  []resource.Milli
	value float64
}

// Choosing agents of unequal sizes: steps in which what waits is covered, how strongly a resource that lags
// behind is wanted, and the sizes with which it is done; with more, a part of them stands for all.
const (
	coverSteps  = 400
	coverUrge   = 200.0
	manySizes   = 256
	worthLittle = 1e-9
)

// bestFirst orders agents that need not all be used so that few are. It is the covering program min Σ y, Σ
// y·free >= need, solved by multiplicative weights: again and again the size that is worth most gets a small
// part of its agents in, and what a resource is worth grows exponentially with how far it lags behind the
// others. So sizes that complement one another come in turns, and every part of the order has resources as
// what waits needs them.
func (f *filler) bestFirst(before, list []int32) {
	slices.SortStableFunc(list, func(a, b int32) int { return f.p.closed(a) - f.p.closed(b) })
	for len(list) > 0 && f.p.closed(list[len(list)-1]) != 0 {
		list = list[:len(list)-1]
	}
	runs := f.p.runs(list)
	if len(runs) < 2 {
		return
	}
	t := newBalance(f.p, f.from, f.to, nil)
	need := t.need
	f.p.subtract(need, before)
	left := slices.Clone(need)
	f.p.subtract(left, list)
	if slices.ContainsFunc(left, func(m float64) bool { return m > 0 }) {
		return // all are needed
	}
	c := cover{need: need, left: slices.Clone(need), worth: make([]float64, len(need))}
	var order []int32
	if len(runs) <= manySizes {
		order = c.take(runs, 1)
	} else {
		stride := len(runs) / manySizes
		var some []run
		for i := 0; i < len(runs); i += stride {
			some = append(some, runs[i])
		}
		c.take(some, float64(stride))
		for k := range c.worth {
			c.worth[k] = c.sum[k]
		}
	}
	for i := range runs {
		runs[i].value = c.value(&runs[i])
	}
	slices.SortStableFunc(runs, func(a, b run) int { return cmp.Compare(b.value, a.value) })
	for i := range runs {
		order = append(order, runs[i].bins...)
	}
	copy(list, order)
}

// cover is the state of the covering program.
type cover struct {
	need  []float64 // by dimension
	left  []float64 // what the sizes taken so far do not cover
	worth []float64 // of a unit
	sum   []float64 // of worth over all steps
}

// take takes bins of the runs until what is needed is covered, each counted so many times, and returns them
// in order.
func (c *cover) take(runs []run, times float64) []int32 {
	var order []int32
	c.sum = make([]float64, len(c.need))
	for c.price() {
		best := -1
		for i := range runs {
			if r := &runs[i]; len(r.bins) > 0 {
				if r.value = c.value(r); best < 0 || r.value > runs[best].value {
					best = i
				}
			}
		}
		if best < 0 || runs[best].value <= worthLittle {
			break
		}
		r := &runs[best]
		n := min(len(r.bins), c.part(r, times))
		for k, free := range r.free {
			c.left[k] -= times * float64(n) * float64(free)
		}
		order = append(order, r.bins[:n]...)
		r.bins = r.bins[n:]
	}
	return order
}

// price sets what resources are worth; false when all is covered.
func (c *cover) price() bool {
	top := 0.0
	for k, need := range c.need {
		if need > 0 {
			top = max(top, c.left[k]/need)
		}
	}
	for k, need := range c.need {
		c.worth[k] = 0
		if need > 0 && c.left[k] > 0 {
			c.worth[k] = math.Exp(coverUrge*(c.left[k]/need-top)) / need
		}
		c.sum[k] += c.worth[k]
	}
	return top > 0
}

func (c *cover) value(r *run) float64 {
	sum := 0.0
	for k, free := range r.free {
		sum += float64(free) * c.worth[k]
	}
	return sum
}

// part is how many bins cover a step's part of some resource.
func (c *cover) part(r *run, times float64) int {
	n := math.Inf(1)
	for k, free := range r.free {
		if free > 0 && c.need[k] > 0 {
			n = min(n, c.need[k]/coverSteps/(times*float64(free)))
		}
	}
	return int(max(1, min(n, float64(len(r.bins)))))
}

// runs cuts a list of bins into neighbours with the same free.
func (p *pass) runs(list []int32) []run {
	if len(list) == 0 {
		return nil
	}
	var runs []run
	for from, i := 0, 1; i <= len(list); i++ {
		if i == len(list) || !slices.Equal(p.bins[list[i]].free, p.bins[list[from]].free) {
			runs = append(runs, run{bins: slices.Clone(list[from:i]), free: p.bins[list[from]].free})
			from = i
		}
	}
	return runs
}

// subtract takes what bins have free from an amount of need.
func (p *pass) subtract(need []float64, list []int32) {
	for _, i := range list {
		if p.closed(i) != 0 {
			continue
		}
		for k, free := range p.bins[i].free {
			need[k] -= float64(free)
		}
	}
}

// closed is 1 for a bin that gets nothing in this pass.
func (p *pass) closed(bin int32) int {
	if h := &p.agents[p.bins[bin].agent]; h.avoided || h.excluded || h.stays <= 0 {
		return 1
	}
	return 0
}
