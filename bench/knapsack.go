package bench

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// search looks for the most valuable filling of one machine: a bounded knapsack with several resources, by branch and
// bound. The bound of a node is what would fit of the rest, were it divisible, in a single resource that weighs all of
// them together.
type search struct {
	classes []class
	order   []int     // classes of some worth that fit, most worth per weight first
	worth   []float64 // by class
	weight  []float64 // by class: shares of the machine, averaged
	counts  []int
	best    []int
	found   float64 // worth of the best filling found
	top     float64 // no filling is worth more
	nodes   int
	size    amounts
}

// searchGap is the part by which top may exceed found: subtrees that cannot win more are cut.
const searchGap = 2e-5

func newSearch(size amounts, classes []class, worth []float64) *search {
	s := &search{classes: classes, worth: worth, size: size}
	s.weight, s.counts, s.best = make([]float64, len(classes)), make([]int, len(classes)), make([]int, len(classes))
	var use [dimensions]float64
	for i := range classes {
		for k, n := range classes[i].need {
			use[k] += worth[i] * share(n, size[k])
		}
	}
	sum := 0.0
	for _, u := range use {
		sum += u * u * u * u
	}
	for i := range classes {
		if worth[i] <= 0 || !fits(&classes[i].need, &size) {
			continue
		}
		for k, n := range classes[i].need {
			if sum > 0 {
				s.weight[i] += use[k] * use[k] * use[k] * use[k] / sum * share(n, size[k])
			}
		}
		s.order = append(s.order, i)
	}
	slices.SortStableFunc(s.order, func(a, b int) int {
		return cmp.Compare(s.worth[b]*s.weight[a], s.worth[a]*s.weight[b])
	})
	return s
}

func fits(need, free *amounts) bool {
	for k, n := range need {
		if n > free[k] {
			return false
		}
	}
	return true
}

// run searches; afterwards found and best are the best filling seen, and top bounds all.
func (s *search) run() {
	s.branch(0, s.size, 1, 0)
	s.top = max(s.top, s.found*(1+searchGap))
}

// branch decides how many of the class at a place of the order the machine holds.
func (s *search) branch(at int, free amounts, room, worth float64) {
	if worth > s.found {
		s.found = worth
		copy(s.best, s.counts)
	}
	if at == len(s.order) {
		return
	}
	i := s.order[at]
	bound := worth + s.divisible(at, room, &free)
	if bound <= s.found*(1+searchGap) {
		return
	}
	if s.nodes++; s.nodes > maxNodes {
		s.top = max(s.top, bound)
		return
	}
	need := &s.classes[i].need
	most := s.classes[i].count
	for k, n := range need {
		if n > 0 {
			most = min(most, int(free[k]/n))
		}
	}
	for n := most; n >= 0; n-- {
		rest := free
		for k := range rest {
			rest[k] -= resource.Milli(n) * need[k]
		}
		s.counts[i] = n
		s.branch(at+1, rest, room-float64(n)*s.weight[i], worth+float64(n)*s.worth[i])
	}
	s.counts[i] = 0
}

// divisible is the worth of what fits of the classes from a place on, were they divisible, by weight alone.
func (s *search) divisible(at int, room float64, free *amounts) float64 {
	sum := 0.0
	for _, i := range s.order[at:] {
		if s.weight[i] <= 0 {
			sum += s.worth[i] * float64(s.classes[i].count)
			continue
		}
		all := s.weight[i] * float64(s.classes[i].count)
		if all >= room {
			return sum + s.worth[i]*room/s.weight[i]
		}
		sum += s.worth[i] * float64(s.classes[i].count)
		room -= all
	}
	return sum
}
