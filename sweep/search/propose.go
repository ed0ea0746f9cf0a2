package search

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/search/gp"
)

const (
	mostLooks  = 1000 // points at which the acquisition function is looked at: half anywhere, half near the best trials
	leastLooks = 200
	lookCost   = 100_000 // measurements times looks: fewer looks where each is dear
	climbers   = 5       // of the best of them climb
	climbing   = 50      // evaluations each
)

// propose is the point of the largest acquisition function that is allowed and new; nil when none is found.
func (g *gaussian) propose(m *surrogate, r *rand.Rand) *candidate {
	var all []*candidate
	looks := max(leastLooks, min(lookCost/m.objective.Len(), mostLooks))
	for i := range looks {
		u := make([]float64, len(g.encoder.axes))
		if i < looks/2 {
			for k := range u {
				u[k] = r.Float64()
			}
		} else {
			g.vary(u, m.top[i%len(m.top)].u, r)
		}
		if c := g.candidate(u); c != nil {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil
	}
	g.rate(m, all)
	byScore := func(a, b *candidate) int { return cmp.Compare(b.score, a.score) }
	slices.SortStableFunc(all, byScore)
	for _, c := range slices.Clone(all[:min(climbers, len(all))]) {
		all = append(all, g.climb(m, c, looks, r)...)
	}
	slices.SortStableFunc(all, byScore)
	return all[0]
}

// vary is a point near another: some of its coordinates are moved, by a distance of any magnitude.
func (g *gaussian) vary(u, from []float64, r *rand.Rand) {
	copy(u, from)
	reach := math.Pow(10, -3*r.Float64()) / 2
	share := math.Max(1/float64(len(u)), r.Float64())
	for k := range u {
		switch {
		case r.Float64() >= share:
		case g.encoder.axes[k].kind == unordered:
			u[k] = r.Float64()
		default:
			u[k] = inside(u[k] + reach*r.NormFloat64())
		}
	}
}

// rate computes the acquisition function of candidates.
func (g *gaussian) rate(m *surrogate, all []*candidate) {
	x := make([][]float64, len(all))
	for i, c := range all {
		x[i] = g.embed.vector(c.u, c.active)
	}
	means, deviations := m.objective.Predict(x)
	for i, c := range all {
		c.score, _, _ = gp.LogEI(m.best, means[i], deviations[i])
	}
	if m.feasibility == nil {
		return
	}
	means, deviations = m.feasibility.Predict(x)
	for i, c := range all {
		likely, _, _ := m.feasibility.logProbability(means[i], deviations[i])
		c.score += likely
	}
}

// climb moves a candidate to the nearest maximum of the acquisition function: along the slope in the
// coordinates that are numbers, and from value to value in the others, of which it looks at so many.
func (g *gaussian) climb(m *surrogate, from *candidate, looks int, r *rand.Rand) []*candidate {
	var found []*candidate
	at := from
	for range 2 {
		if c := g.slide(m, at); c != nil {
			found = append(found, c)
			if c.score > at.score {
				at = c
			}
		}
		steps := g.neighbours(at, looks, r)
		if len(steps) == 0 {
			break
		}
		g.rate(m, steps)
		best := slices.MaxFunc(steps, func(a, b *candidate) int { return cmp.Compare(a.score, b.score) })
		found = append(found, best)
		if best.score <= at.score {
			break
		}
		at = best
	}
	return found
}

func (g *gaussian) slide(m *surrogate, from *candidate) *candidate {
	var free []int
	for k := range g.encoder.axes {
		if g.encoder.axes[k].numeric() && from.has(k) {
			free = append(free, k)
		}
	}
	if len(free) == 0 {
		return nil
	}
	start, low, high := make([]float64, len(free)), make([]float64, len(free)), make([]float64, len(free))
	for i, k := range free {
		start[i], low[i], high[i] = from.u[k], closest, 1-closest
	}
	x := g.embed.vector(from.u, from.active)
	f := func(at, gradient []float64) float64 {
		for i, k := range free {
			x[g.embed.starts[k]] = at[i]
		}
		mean, deviation, meanSlope, deviationSlope := m.objective.PredictSlope(x)
		value, byMean, byDeviation := gp.LogEI(m.best, mean, deviation)
		for i, k := range free {
			s := g.embed.starts[k]
			gradient[i] = -byMean*meanSlope[s] - byDeviation*deviationSlope[s]
		}
		if m.feasibility == nil {
			return -value
		}
		mean, deviation, meanSlope, deviationSlope = m.feasibility.PredictSlope(x)
		likely, byMean, byDeviation := m.feasibility.logProbability(mean, deviation)
		for i, k := range free {
			s := g.embed.starts[k]
			gradient[i] -= byMean*meanSlope[s] + byDeviation*deviationSlope[s]
		}
		return -value - likely
	}
	at, _ := gp.Minimize(f, start, low, high, climbing)
	u := slices.Clone(from.u)
	for i, k := range free {
		u[k] = at[i]
	}
	c := g.candidate(u)
	if c != nil {
		g.rate(m, []*candidate{c})
	}
	return c
}

// neighbours are the points that differ from one in a coordinate of few values; so many of them, by chance, when there
// are more.
func (g *gaussian) neighbours(from *candidate, most int, r *rand.Rand) (all []*candidate) {
	var stepped []int
	count := 0
	for k := range g.encoder.axes {
		if a := &g.encoder.axes[k]; !a.numeric() && from.has(k) {
			stepped, count = append(stepped, k), count+a.levels
		}
	}
	look := func(k, i int) {
		a := &g.encoder.axes[k]
		if a.edges[i+1] <= a.edges[i] {
			return
		}
		u := slices.Clone(from.u)
		u[k] = (a.edges[i] + a.edges[i+1]) / 2
		if c := g.candidate(u); c != nil {
			all = append(all, c)
		}
	}
	for n := range min(count, most) {
		if count > most {
			n = r.IntN(count)
		}
		for _, k := range stepped {
			if n < g.encoder.axes[k].levels {
				look(k, n)
				break
			}
			n -= g.encoder.axes[k].levels
		}
	}
	return all
}
