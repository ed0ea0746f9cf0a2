package sweep

import "math"

// Series is the values that one attempt reported of one metric, reduced as they come, in constant space. Min, Max and
// Mean are of the finite values. The mean depends on the order of the values in its last bits, so whoever adds them
// keeps to the order in which the trial wrote them.
type Series struct {
	Count  uint32 // values of any kind
	Finite uint32 // values that are neither NaN nor infinite
	Last   float64
	Min    float64
	Max    float64
	Mean   float64
}

// Add takes the next value.
func (s *Series) Add(v float64) {
	s.Count++
	s.Last = v
	if !IsFinite(v) {
		return
	}
	if s.Finite++; s.Finite == 1 {
		s.Min, s.Max, s.Mean = v, v, v
		return
	}
	s.Min, s.Max = math.Min(s.Min, v), math.Max(s.Max, v)
	s.Mean = runningMean(s.Mean, v, s.Finite)
}

// Reduced is the number that stands for the series, and whether it is finite and so can win. Last is the last value
// whatever it is; Min, Max and Mean of a series without a finite value are NaN, and so is Last of an empty one.
func (s *Series) Reduced(how Reduce) (v float64, finite bool) {
	last := how == Last || how == ""
	switch {
	case s.Count == 0 || !last && s.Finite == 0:
		return math.NaN(), false
	case last:
		v = s.Last
	case how == Min:
		v = s.Min
	case how == Max:
		v = s.Max
	default:
		v = s.Mean
	}
	return v, IsFinite(v)
}

// Reaches reports whether the series meets the metric's target.
func (s *Series) Reaches(m Metric) bool {
	v, finite := s.Reduced(m.Reduce)
	return finite && m.Reached(v)
}

// runningMean is the mean of n values, when v is the last and mean that of those before. Values are not summed, so
// large ones do not overflow.
func runningMean(mean, v float64, n uint32) float64 {
	if d := v - mean; !math.IsInf(d, 0) {
		return mean + d/float64(n)
	}
	return mean - mean/float64(n) + v/float64(n)
}
