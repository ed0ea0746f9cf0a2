package board

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// A curve is every 2^shift-th point with the least shift that leaves few enough, whatever happened on the
// way.
func TestCurveIsThinnedAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keep := 1 << rapid.IntRange(2, 6).Draw(t, "keep")
		var c curve
		n := rapid.IntRange(0, 400).Draw(t, "points")
		for i := range n {
			c.add(CurvePoint{Step: int64(i)}, keep)
			if keep > 2 && rapid.IntRange(0, 50).Draw(t, "more trials") == 0 {
				keep /= 2
				c.shrink(keep)
			}
			if len(c.points) > keep {
				t.Fatalf("%d points, at most %d may stay", len(c.points), keep)
			}
		}
		stride := 1
		for (n+stride-1)/stride > keep {
			stride *= 2
		}
		var want []CurvePoint
		for i := 0; i < n; i += stride {
			want = append(want, CurvePoint{Step: int64(i)})
		}
		if fmt.Sprint(c.points) != fmt.Sprint(want) {
			t.Fatalf("%d points at most %d: %v, want %v", n, keep, c.points, want)
		}
	})
}

func TestCurvesFitTheirBudget(t *testing.T) {
	for _, n := range []int{0, 1, 8192, 8193, 30_000, 1_000_000, 2_000_000} {
		if keep := curveLen(n); keep > 512 || keep < 2 || n*keep > curveBudget || keep&(keep-1) != 0 {
			t.Errorf("%d attempts keep %d points each", n, keep)
		}
	}
	if got := curveLen(30_000); got < 100 {
		t.Errorf("30,000 trials of 100 points are thinned to %d", got)
	}
}
