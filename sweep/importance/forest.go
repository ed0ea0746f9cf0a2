package importance

import "math/rand/v2"

// The forest's constants: more trees and leaves take longer, and change the shares of the functions in the tests
// by about a hundredth.
const (
	trees     = 32
	smallLeaf = 3
	mostLeafs = 200
)

// forest is trees grown over trials drawn with replacement (Breiman 2001).
type forest struct {
	axes  []axis
	trees []tree
	fit   float64 // share of the variance explained in trials that a tree did not see; at most 1
}

func grow(axes []axis, rows []row) forest {
	f := forest{axes: axes}
	sums, counts := make([]float64, len(rows)), make([]float64, len(rows))
	for n := range trees {
		r := rand.New(rand.NewPCG(uint64(n), 2))
		g := grower{axes: axes, rows: rows, least: max(smallLeaf, len(rows)/mostLeafs), r: r}
		drawn, picked := make([]int, len(rows)), make([]bool, len(rows))
		for i := range drawn {
			drawn[i] = r.IntN(len(rows))
			picked[drawn[i]] = true
		}
		t := tree{root: g.grow(drawn, wholeBox(axes))}
		t.leaves = g.out
		f.trees = append(f.trees, t)
		for i := range rows {
			if !picked[i] {
				sums[i] += t.at(axes, rows[i].u)
				counts[i]++
			}
		}
	}
	f.fit = fit(rows, sums, counts)
	return f
}

// fit is the coefficient of determination of predictions that are sums over counts.
func fit(rows []row, sums, counts []float64) float64 {
	mean, n := 0.0, 0.0
	for i, r := range rows {
		if counts[i] > 0 {
			mean, n = mean+r.y, n+1
		}
	}
	mean /= n
	missed, spread := 0.0, 0.0
	for i, r := range rows {
		if counts[i] > 0 {
			d := r.y - sums[i]/counts[i]
			missed += d * d
			spread += (r.y - mean) * (r.y - mean)
		}
	}
	if spread == 0 {
		return 0
	}
	return 1 - missed/spread
}

// at is the mean of the trees at coordinates.
func (f *forest) at(u []float64) float64 {
	sum := 0.0
	for _, t := range f.trees {
		sum += t.at(f.axes, u)
	}
	return sum / float64(len(f.trees))
}
