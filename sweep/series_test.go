package sweep

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func seriesOf(values []float64) (s Series) {
	for _, v := range values {
		s.Add(v)
	}
	return s
}

func sameFloat(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func TestSeriesReduced(t *testing.T) {
	nan, inf, big := math.NaN(), math.Inf(1), math.MaxFloat64
	for _, c := range []struct {
		how  Reduce
		in   []float64
		want float64
	}{
		{Last, []float64{1, 2, 3}, 3}, {Last, []float64{1, nan}, nan}, {"", []float64{4}, 4}, {Last, []float64{1, inf}, inf},
		{Min, []float64{3, 1, nan, 2}, 1}, {Max, []float64{3, inf, 5, 2}, 5}, {Min, []float64{nan}, nan},
		{Mean, []float64{1, 2, 6}, 3}, {Mean, []float64{nan, 2, inf}, 2}, {Last, nil, nan}, {Mean, nil, nan},
		{Mean, []float64{big, big, big}, big}, {Mean, []float64{-big, big}, 0}, // a sum would overflow
	} {
		s := seriesOf(c.in)
		if got, finite := s.Reduced(c.how); !sameFloat(got, c.want) || finite != IsFinite(c.want) {
			t.Errorf("%s of %v is %v (finite: %v), want %v", c.how, c.in, got, finite, c.want)
		}
	}
}

// A series, value by value, is what the whole reduces to.
func TestSeriesIsTheWhole(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		values := rapid.SliceOfN(anyFloat, 1, 20).Draw(r, "values")
		lo, hi, sum, n := math.NaN(), math.NaN(), 0.0, 0
		for _, v := range values {
			if !IsFinite(v) {
				continue
			}
			if n++; n == 1 {
				lo, hi = v, v
			}
			lo, hi, sum = min(lo, v), max(hi, v), sum+v
		}
		s := seriesOf(values)
		mean := sum / float64(n)
		tolerance := 1e-9 * max(math.Abs(lo), math.Abs(hi))
		last := values[len(values)-1]
		for how, want := range map[Reduce]float64{Last: last, Min: lo, Max: hi} {
			if got, _ := s.Reduced(how); !sameFloat(got, want) {
				r.Fatalf("%s of %v is %v, want %v", how, values, got, want)
			}
		}
		switch got, _ := s.Reduced(Mean); {
		case n == 0 && !math.IsNaN(got), n > 0 && (got < lo || got > hi):
			r.Fatalf("mean of %v is %v, beyond %v to %v", values, got, lo, hi)
		case n > 0 && IsFinite(sum) && math.Abs(got-mean) > tolerance:
			r.Fatalf("mean of %v is %v, want %v", values, got, mean)
		}
	})
}

func TestSeriesReaches(t *testing.T) {
	target := 0.5
	m := Metric{Goal: Minimize, Reduce: Min, Target: &target}
	reached, not, none := seriesOf([]float64{1, 0.5, 2}), seriesOf([]float64{1, math.Inf(-1)}), Series{}
	if !reached.Reaches(m) || not.Reaches(m) || none.Reaches(m) || reached.Reaches(Metric{Reduce: Min}) {
		t.Error("targets are not met as they should")
	}
}
