package sweep

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Rank is which number of a point's trials the point is ranked by: mean, median, or a quantile such as q0.9, by linear
// interpolation between the values. Empty means mean.
type Rank string

// Ranks by name; quantiles are qX with X from 0 to 1.
const (
	RankMean   Rank = "mean"
	RankMedian Rank = "median"
)

// quantile is X of qX, and half for the median.
func (r Rank) quantile() (x float64, ok bool) {
	if r == RankMedian {
		return 0.5, true
	}
	text, isQuantile := strings.CutPrefix(string(r), "q")
	x, err := strconv.ParseFloat(text, 64)
	return x, isQuantile && err == nil && x >= 0 && x <= 1
}

// Valid says whether it is a known rank.
func (r Rank) Valid() bool {
	_, quantile := r.quantile()
	return r == "" || r == RankMean || quantile
}

// Of is the number that stands for values, which it may reorder: NaN for none. The result does not depend on their
// order.
func (r Rank) Of(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	x, quantile := r.quantile()
	if !quantile {
		mean := 0.0
		for i, v := range values {
			mean = runningMean(mean, v, uint32(i+1))
		}
		return mean
	}
	at := x * float64(len(values)-1)
	low := int(at)
	if low+1 >= len(values) {
		return values[len(values)-1]
	}
	return between(values[low], values[low+1], at-float64(low))
}

// Deviation is the standard deviation of a sample, with n-1; 0 of fewer than two values.
func Deviation(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	mean, sum := RankMean.Of(slices.Clone(values)), 0.0
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(values)-1))
}
