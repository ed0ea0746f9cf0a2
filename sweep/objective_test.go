package sweep

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

var anyFloat = rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, 1, 1, -1}))

// The winner does not depend on the order in which trials are compared; NaN and infinities never win, and of
// equal values the lower trial does.
func TestWinnerIsOrderFree(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := Metric{Goal: rapid.SampledFrom([]Goal{Minimize, Maximize, ""}).Draw(r, "goal")}
		xs := rapid.SliceOfN(anyFloat, 1, 20).Draw(r, "values")
		winner := func(order []int) int {
			best := -1
			for _, i := range order {
				if IsFinite(xs[i]) && (best < 0 || m.Wins(i, xs[i], best, xs[best])) {
					best = i
				}
			}
			return best
		}
		forward := make([]int, len(xs))
		for i := range forward {
			forward[i] = i
		}
		want := winner(forward)
		shuffled := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0)).Perm(len(xs))
		if got := winner(shuffled); got != want {
			r.Fatalf("winner %d in order %v, %d in spec order", got, shuffled, want)
		}
		for i, x := range xs {
			if want >= 0 && (m.Better(x, xs[want]) || x == xs[want] && i < want) {
				r.Fatalf("trial %d with %v loses to %d with %v", i, x, want, xs[want])
			}
		}
	})
}

func TestReached(t *testing.T) {
	target := 0.5
	low, high := Metric{Goal: Minimize, Target: &target}, Metric{Goal: Maximize, Target: &target}
	if !low.Reached(0.5) || low.Reached(0.6) || !high.Reached(0.6) || high.Reached(0.4) || high.Reached(math.Inf(1)) || (Metric{}).Reached(0) {
		t.Error("targets are not met as they should")
	}
}
