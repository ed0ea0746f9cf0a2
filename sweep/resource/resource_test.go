package resource

import (
	"math"
	"testing"
)

func TestFromFloat(t *testing.T) {
	for in, want := range map[float64]Milli{
		0.1: 100, 0.0004: 0, 0.0006: 1, 3.9: 3900, -1: 0, 1e300: 0, math.Inf(1): 0, math.Inf(-1): 0, math.NaN(): 0,
	} {
		if got := FromFloat(in); got != want {
			t.Errorf("%v: got %d, want %d", in, got, want)
		}
	}
}
