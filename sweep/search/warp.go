package search

import "math"

// warp makes losses, ascending, into measurements for a Gaussian process: of mean 0 and variance 1, with
// those worse than the median drawn together, for losses often range over orders of magnitude, and what
// matters is where the good ones are.
func warp(losses []float64) []float64 {
	n := len(losses)
	if n == 0 {
		return nil
	}
	median, scale := losses[(n-1)/2], 0.0
	for _, l := range losses[:(n+1)/2] {
		scale += (l - median) * (l - median)
	}
	scale = math.Sqrt(scale / float64((n+1)/2))
	if !(scale > 0) {
		scale = math.Max(losses[n-1]-median, 1)
	}
	out := make([]float64, n)
	sum := 0.0
	for i, l := range losses {
		if out[i] = (l - median) / scale; out[i] > 0 {
			out[i] = math.Log1p(out[i])
		}
		sum += out[i]
	}
	return standard(out)
}

// standard shifts and stretches numbers to mean 0 and variance 1.
func standard(out []float64) []float64 {
	sum, squares, n := 0.0, 0.0, float64(len(out))
	for _, v := range out {
		sum += v
	}
	for i := range out {
		out[i] -= sum / n
		squares += out[i] * out[i]
	}
	if deviation := math.Sqrt(squares / n); deviation > 0 {
		for i := range out {
			out[i] /= deviation
		}
	}
	return out
}
