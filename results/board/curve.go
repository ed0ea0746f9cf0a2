package board

import "github.com/kaon-sweep/kaon/results"

// CurvePoint is one point of a trial's curve: the objective at a step.
type CurvePoint struct {
	Step  int64          `json:"step"`
	Value results.Number `json:"value"`
}

// curve is a thinned series of the objective: every 2^shift-th point, where shift is the least that leaves at
// most a given number. It depends on how many points there are and on that number, not on how they came.
type curve struct {
	points []CurvePoint
	seen   uint32 // points of the objective so far
	shift  uint8
}

// curveBudget is how many curve points a board keeps in all: 64 MB of them.
const curveBudget = 4 << 20

// curveLen is how many curve points each of n attempts may keep, a power of two: 512 for up to 8,192
// attempts, 128 for 30,000, 4 for a million. It only falls as n grows, and a curve thinned twice is the curve
// thinned once as much, so the order in which attempts and points come to be known does not show.
func curveLen(n int) int {
	keep := 512
	for keep > 2 && n*keep > curveBudget {
		keep /= 2
	}
	return keep
}

func (c *curve) add(p CurvePoint, keep int) {
	if c.seen&(1<<c.shift-1) == 0 && len(c.points) == keep {
		c.thin(keep - 1) // first, so that the slice never grows beyond keep
	}
	if c.seen&(1<<c.shift-1) == 0 {
		c.points = append(c.points, p)
	}
	c.seen++
}

// thin drops every second point until at most keep are left, keep being 1 or more.
func (c *curve) thin(keep int) {
	for len(c.points) > keep {
		half := (len(c.points) + 1) / 2
		for i := range half {
			c.points[i] = c.points[2*i]
		}
		c.points = c.points[:half]
		c.shift++
	}
}

// shrink thins and gives the memory back.
func (c *curve) shrink(keep int) {
	if len(c.points) > keep {
		c.thin(keep)
		c.points = append(make([]CurvePoint, 0, keep), c.points...)
	}
}
