package search

import (
	"math"
	"math/rand/v2"
)

// regimes chooses how CMA-ES begins again (BIPOP-CMA-ES; Hansen 2009): in the large regime with twice the
// population of the last large run, which looks at the whole space, and in the small one with a population
// and a first step at random, which look for the bottom of narrow valleys. The regime comes next that has
// spent fewer trials; the first run counts for neither, and the first restart is large.
type regimes struct {
	doublings    int
	large, small int // trials spent
	now          regime
}

type regime uint8

const (
	firstRun regime = iota
	largeRegime
	smallRegime
)

// spend counts trials of the run that goes on.
func (g *regimes) spend(trials int) {
	switch g.now {
	case largeRegime:
		g.large += trials
	case smallRegime:
		g.small += trials
	}
}

// next is the factors of the default population and of the default first step that the next run begins with.
func (g *regimes) next(r *rand.Rand) (growth, sigma float64) {
	if g.doublings == 0 || g.large <= g.small {
		g.doublings++
		g.now = largeRegime
		return math.Pow(2, float64(g.doublings)), 1
	}
	g.now = smallRegime
	u := r.Float64()
	return math.Pow(0.5*math.Pow(2, float64(g.doublings)), u*u), math.Pow(10, -2*r.Float64())
}
