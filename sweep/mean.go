package sweep

import "math"

// RunningMean is the mean of n values, when v is the last and mean that of those before. It never exceeds them, so large values
// do not overflow, as their sum would.
func RunningMean(mean, v float64, n uint64) float64 {
	if n <= 1 {
		return v
	}
	if d := v - mean; !math.IsInf(d, 0) {
		return mean + d/float64(n)
	}
	return mean - mean/float64(n) + v/float64(n)
}
