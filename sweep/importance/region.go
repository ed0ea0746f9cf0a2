package importance

import (
	"fmt"
	"math"
	"sort"

	"github.com/kaon-sweep/kaon/sweep"
)

// region is where the best rows lie.
func region(axes []axis, best []row) []Range {
	ranges := []Range{}
	for k := range axes {
		r := Range{Parameter: axes[k].Name}
		if axes[k].Distribution == sweep.Categorical || axes[k].Distribution == sweep.CategoricalProbs {
			r.count(&axes[k], k, best)
		} else {
			r.bounds(&axes[k], k, best)
		}
		ranges = append(ranges, r)
	}
	return ranges
}

// bounds is the lowest and the highest number.
func (r *Range) bounds(a *axis, k int, best []row) {
	from, to := math.Inf(1), math.Inf(-1)
	for _, b := range best {
		if !b.there[k] {
			continue
		}
		r.Trials++
		low, high, _ := a.Cell(b.values[k])
		if low < from {
			from, r.Low = low, b.values[k]
		}
		if high > to {
			to, r.High = high, b.values[k]
		}
	}
	r.Narrowed = math.Max(to-from, 0)
}

// count is how often the best have each value.
func (r *Range) count(a *axis, k int, best []row) {
	at := map[string]int{}
	for _, b := range best {
		if !b.there[k] {
			continue
		}
		r.Trials++
		key := fmt.Sprintf("%T%v", b.values[k], b.values[k])
		i, known := at[key]
		if !known {
			i = len(r.Values)
			at[key] = i
			r.Values = append(r.Values, ValueCount{Value: b.values[k]})
			low, high, _ := a.Cell(b.values[k])
			r.Narrowed += high - low
		}
		r.Values[i].Trials++
	}
	sort.SliceStable(r.Values, func(i, j int) bool { return r.Values[i].Trials > r.Values[j].Trials })
}
