package sweep

import "math"

// Series is the reduced series of one attempt's objective, in constant space. NaN and infinities count as
// reported but move nothing except Last, so they never win.
type Series struct {
	Reported uint64 // values seen, of any kind
	Finite   uint64 // values that are numbers
	Last     float64
	Min      float64
	Max      float64
	Sum      float64 // what journals of before have for Mean
	Mean     float64
}

func (g *Series) Add(v float64) {
	g.Reported++
	g.Last = v
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	if g.Finite == 0 {
		g.Min, g.Max = v, v
	}
	g.Finite++
	g.Min, g.Max = min(g.Min, v), max(g.Max, v)
	g.Mean = RunningMean(g.Mean, v, g.Finite)
}

// Reduced is the number that stands for the series, and whether it is one that can win.
func (g *Series) Reduced(how Reduce) (float64, bool) {
	var v float64
	switch how {
	case Min:
		v = g.Min
	case Max:
		v = g.Max
	case Mean:
		v = g.Mean
	default:
		v = g.Last
	}
	ok := g.Finite > 0 && !math.IsNaN(v) && !math.IsInf(v, 0)
	return v, ok
}

// Reaches reports whether the series has reached the metric's target.
func (g *Series) Reaches(m Metric) bool {
	v, ok := g.Reduced(m.Reduce)
	return ok && m.Reached(v)
}
