package offers

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// drawnKnapsack is a few shapes of some worth and one class of agents.
func drawnKnapsack(t *rapid.T) (rows []itemGroup, c agentClass, worth []float64) {
	wide := rapid.IntRange(1, 3).Draw(t, "dimensions")
	for range wide {
		c.free = append(c.free, resource.Milli(rapid.IntRange(1, 12).Draw(t, "free")))
	}
	c.room = rapid.SampledFrom([]int{3, math.MaxInt}).Draw(t, "room")
	for i := range rapid.IntRange(1, 4).Draw(t, "shapes") {
		r := itemGroup{shapes: []int32{int32(i)}, count: rapid.IntRange(0, 4).Draw(t, "count")}
		for k := range wide {
			low := 0
			if k == 0 {
				low = 1
			}
			need := resource.Milli(rapid.IntRange(low, 8).Draw(t, "need"))
			r.need = append(r.need, need)
			c.share = append(c.share, float64(need)/float64(c.free[k]))
		}
		rows = append(rows, r)
		c.allowed = append(c.allowed, rapid.IntRange(0, 4).Draw(t, "allowed") > 0)
		worth = append(worth, float64(rapid.IntRange(0, 9).Draw(t, "worth"))/10)
	}
	return rows, c, worth
}

// dearest is what the best filling from a row on is worth, by trying all.
func dearest(rows []itemGroup, c *agentClass, worth []float64, free []resource.Milli, room, at int) float64 {
	if at == len(rows) {
		return 0
	}
	best := dearest(rows, c, worth, free, room, at+1)
	if !c.allowed[at] {
		return best
	}
	left := append([]resource.Milli(nil), free...)
	for n := 1; n <= min(room, rows[at].count); n++ {
		for k, need := range rows[at].need {
			if left[k] -= need; left[k] < 0 {
				return best
			}
		}
		best = max(best, float64(n)*worth[at]+dearest(rows, c, worth, left, room-n, at+1))
	}
	return best
}

func TestKnapsackFindsTheBestFilling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, c, worth := drawnKnapsack(t)
		k := knapsack{limit: 100000}
		column := make([]int32, len(rows))
		got, want := k.search(&c, rows, worth, 0, column), dearest(rows, &c, worth, c.free, c.room, 0)
		if math.Abs(got-want) > 2*knapsackGap*want {
			t.Fatalf("found %v, the best is %v", got, want)
		}
		if k.bound < want-1e-9 {
			t.Fatalf("the divisible problem is worth %v, less than %v", k.bound, want)
		}
		sum, tasks := 0.0, 0
		free := append([]resource.Milli(nil), c.free...)
		for i, n := range column {
			sum += float64(n) * worth[i]
			tasks += int(n)
			for d, need := range rows[i].need {
				free[d] -= resource.Milli(n) * need
			}
			if int(n) > rows[i].count || n > 0 && !c.allowed[i] {
				t.Fatalf("column %v takes what is not there", column)
			}
		}
		for d := range free {
			if free[d] < 0 || tasks > c.room {
				t.Fatalf("column %v does not fit", column)
			}
		}
		if math.Abs(sum-got) > 1e-9 {
			t.Fatalf("column %v is worth %v, said is %v", column, sum, got)
		}
	})
}
