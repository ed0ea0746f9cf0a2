package foreign

import (
	"fmt"
	"math"
	"strings"
)

// mostRounded is how many values of a rounded parameter are written out.
const mostRounded = 10000

// nniRounded writes quniform and qloguniform as the values that NNI gives where kaon's distributions have others: NNI
// rounds to a multiple of q and then clips to the bounds, so that a bound is a value too where the nearest multiple is
// beyond it. A grid has each once. Empty: kaon's own distribution is the same, or what is wrong with the numbers is
// told of that.
func nniRounded(kind string, n []float64, grid bool) (text, why string) {
	low, high, q := n[0], n[1], n[2]
	log := kind == "qloguniform"
	if q <= 0 || low > high || log && low <= 0 {
		return "", ""
	}
	multiple := func(x float64) bool { return math.Abs(x/q-math.Round(x/q)) < 1e-9 }
	if multiple(low) && multiple(high) && !grid {
		return "", ""
	}
	first, last := math.RoundToEven(low/q), math.RoundToEven(high/q)
	if last-first >= mostRounded {
		return "", fmt.Sprintf("these are more than %d values, which NNI clips to bounds that are no multiples of %s",
			mostRounded, number(q))
	}
	scale := func(x float64) float64 { return x }
	if log {
		scale = math.Log
	}
	values, shares, whole := []float64{}, []float64{}, true
	for k := first; k <= last; k++ {
		from, to := math.Max((k-0.5)*q, low), math.Min((k+0.5)*q, high)
		share := (scale(to) - scale(from)) / (scale(high) - scale(low))
		if v := math.Min(math.Max(short12(k*q), low), high); low == high || share > 1e-12 {
			values, shares = append(values, v), append(shares, share)
			whole = whole && v == math.Trunc(v)
		}
	}
	if len(values) == 1 {
		return "{value: " + number(values[0]) + "}", ""
	}
	write := float
	if whole && q == math.Trunc(q) {
		write = number
	}
	var words, weights []string
	for i, v := range values {
		words, weights = append(words, write(v)), append(weights, float(short12(shares[i])))
	}
	text = "{values: [" + strings.Join(words, ", ") + "]"
	if !grid {
		text += ", probabilities: [" + strings.Join(weights, ", ") + "]"
	}
	return text + "}", ""
}
