package sweep

import (
	"math"
	"testing"
)

func TestRunningMeanDoesNotOverflow(t *testing.T) {
	big := math.MaxFloat64
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{1, 2, 6}, 3}, {[]float64{big, big, big}, big}, {[]float64{-big, big}, 0}} {
		mean := 0.0
		for i, v := range c.values {
			mean = RunningMean(mean, v, uint64(i+1))
		}
		if mean != c.want {
			t.Errorf("mean of %v is %v, want %v", c.values, mean, c.want)
		}
	}
}
