package search

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// Both regimes spend about as many trials, large populations double, and small ones lie between the default
// and half of the large one, with steps down to a hundredth.
func TestRestartsTakeTurns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var g regimes
	last, smallest := 1.0, 1.0
	for range 60 {
		growth, sigma := g.next(r)
		switch g.now {
		case largeRegime:
			if growth != 2*last || sigma != 1 {
				t.Fatalf("a large run of %v and %v after %v", growth, sigma, last)
			}
			last = growth
		case smallRegime:
			if growth < 1 || growth > last/2 || sigma > 1 || sigma < 0.01 {
				t.Fatalf("a small run of %v and %v beside %v", growth, sigma, last)
			}
			smallest = min(smallest, sigma)
		}
		g.spend(int(growth * 100))
	}
	if g.small == 0 || last < 16 || smallest > 0.1 {
		t.Errorf("%d trials in the large regime, %d in the small one, populations to %v, steps to %v", g.large, g.small,
			last, smallest)
	}
}

// Restarts leave the valley that the first run ends in: of nine equal funnels but for one.
func TestRestartsFindTheBetterValley(t *testing.T) {
	found := 0
	for seed := range 5 {
		s := parse(t, fmt.Sprintf("{method: cma-es, seed: %d, run_cap: 2500, metric: {name: y}, program: x, parameters: "+
			"{a: {min: 0.0, max: 1.0}, b: {min: 0.0, max: 1.0}}}", seed+1), uint64(seed+1))
		best, _ := descend(s, func(p sweep.Point) float64 { return funnels(p[0].Value.(float64), p[1].Value.(float64)) })
		if best < 0.01 {
			found++
		}
	}
	if found < 4 {
		t.Errorf("%d of 5 seeds found the better valley", found)
	}
}

// funnels has a valley in the middle of each ninth of the square; that of the corner at 1, 1 is the deepest.
func funnels(a, b float64) float64 {
	least := math.Inf(1)
	for i := range 3 {
		for j := range 3 {
			x, y := (2*float64(i)+1)/6, (2*float64(j)+1)/6
			depth := 0.5
			if i == 2 && j == 2 {
				depth = 0
			}
			least = min(least, depth+20*((a-x)*(a-x)+(b-y)*(b-y)))
		}
	}
	return least
}
