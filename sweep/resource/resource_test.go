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

func TestSumsShareNothing(t *testing.T) {
	a := Resources{CPUs: 1000, Named: map[string]Milli{"fpga": 1000}}
	b := a.Plus(Resources{CPUs: 500, Ports: 1, Named: map[string]Milli{"fpga": 2000, "tape": 1000}}, 2)
	want := Resources{CPUs: 2000, Ports: 2, Named: map[string]Milli{"fpga": 5000, "tape": 2000}}
	if !b.Equal(&want) || a.Named["fpga"] != 1000 {
		t.Errorf("got %+v from %+v", b, a)
	}
	top := a.Max(Resources{Mem: 3000, Named: map[string]Milli{"fpga": 500, "tape": 1}})
	if want := (Resources{CPUs: 1000, Mem: 3000, Named: map[string]Milli{"fpga": 1000, "tape": 1}}); !top.Equal(&want) {
		t.Errorf("got %+v", top)
	}
	if a.Zero() || !(&Resources{}).Zero() || len(b.Names()) != 2 || b.Names()[0] != "fpga" {
		t.Errorf("got %v of %+v", b.Names(), b)
	}
}
