package api

import (
	"math"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// CurvePoint is one value of a metric.
type CurvePoint struct {
	Step  int64          `json:"step"`
	Value results.Number `json:"value"`
}

// thinners make a curve of at most so many points, at least three, of a longer one.
var thinners = map[string]func([]CurvePoint, int) []CurvePoint{"lttb": lttb, "minmax": minmax}

// lttb keeps the points that make the largest triangles with their neighbours, the first and the last among them:
// largest triangle three buckets, Steinarsson (2013), "Downsampling Time Series for Visual Representation".
func lttb(all []CurvePoint, most int) []CurvePoint {
	out := append(make([]CurvePoint, 0, most), all[0])
	width := float64(len(all)-2) / float64(most-2)
	kept := 0
	for i := range most - 2 {
		from, to := 1+int(float64(i)*width), 1+int(float64(i+1)*width)
		next := all[min(to, len(all)-1):min(1+int(float64(i+2)*width), len(all))]
		x, y := mean(next)
		best, area := from, -1.0
		for j := from; j < to; j++ {
			p, q := all[kept], all[j]
			a := math.Abs((float64(p.Step)-x)*(height(q)-height(p)) - (float64(p.Step)-float64(q.Step))*(y-height(p)))
			if a > area {
				best, area = j, a
			}
		}
		out, kept = append(out, all[best]), best
	}
	return append(out, all[len(all)-1])
}

// mean is the middle of some points.
func mean(points []CurvePoint) (x, y float64) {
	for _, p := range points {
		x += float64(p.Step)
		y += height(p)
	}
	n := float64(max(len(points), 1))
	return x / n, y / n
}

// height is a value for geometry: what is not finite lies at 0.
func height(p CurvePoint) float64 {
	if v := float64(p.Value); sweep.IsFinite(v) {
		return v
	}
	return 0
}

// minmax keeps the least and the greatest of each part, so that no peak is lost, in their order.
func minmax(all []CurvePoint, most int) []CurvePoint {
	parts := max(most/2, 1)
	out := make([]CurvePoint, 0, most)
	for i := range parts {
		part := all[i*len(all)/parts : (i+1)*len(all)/parts]
		if len(part) == 0 {
			continue
		}
		low, high := 0, 0
		for j, p := range part {
			if height(p) < height(part[low]) {
				low = j
			}
			if height(p) > height(part[high]) {
				high = j
			}
		}
		out = append(out, part[min(low, high)])
		if low != high {
			out = append(out, part[max(low, high)])
		}
	}
	return out
}
