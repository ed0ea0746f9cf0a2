package bench

import (
	"fmt"
	"testing"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// TestBoundsSeeWhatVolumesDoNot holds the stronger bounds to instances whose optimum is plain.
func TestBoundsSeeWhatVolumesDoNot(t *testing.T) {
	two := append(Machines(10, 8000, 8000), Machines(10, 8000, 64000)...)
	for i := range two {
		two[i].Host = fmt.Sprint("h", i)
	}
	for _, c := range []struct {
		name     string
		machines []Machine
		trials   []Trial
		want     int
	}{
		{"two of 0.6 do not share a machine", Machines(20, 10000, 10000), Equal(10, 6000, 1), 10},
		{"three of 0.4 do not", Machines(20, 10000, 10000), Equal(9, 4000, 1), 5},
		{"by memory", Machines(20, 10000, 10000), Equal(10, 1, 6000), 10},
		{"0.7 and 0.4", Machines(20, 10000, 10000), append(Equal(4, 7000, 1), Equal(4, 4000, 1)...), 6},
		{"machines that lack memory are no help", two, Equal(20, 1000, 16000), 5},
	} {
		if got := lowerBound(c.machines, c.trials); got != c.want {
			t.Errorf("%s: bound %d, want %d", c.name, got, c.want)
		}
	}
}

// TestBoundsAreNoMoreThanAPacking compares with packings of random queues, on equal and unequal machines.
func TestBoundsAreNoMoreThanAPacking(t *testing.T) {
	for seed := range uint64(40) {
		machines := Machines(40, 32000, 128000)
		trials := Shuffled(Equal(60, 1000, 1000), seed)
		for i := range trials {
			trials[i].CPUs += resource.Milli(seed+1) * 137 * resource.Milli(i%11)
			trials[i].Mem += 900 * resource.Milli((i*int(seed+3))%37)
		}
		for i := range machines {
			if seed%2 == 1 && i%3 == 0 {
				machines[i].Mem = 256000
			}
		}
		r, err := Pack(PackConfig{Machines: machines, Trials: trials, Runs: 1})
		if err != nil {
			t.Fatal(err)
		}
		c := r.Cases[0]
		if c.Placed == len(trials) && c.LowerBound > min(c.Hosts, c.Beside.Hosts) {
			t.Errorf("seed %d: bound %d, but %d machines hold all", seed, c.LowerBound, min(c.Hosts, c.Beside.Hosts))
		}
	}
}

// A general simplex method turned in a circle on these machines: the bound never came.
func TestDivisibleBoundEnds(t *testing.T) {
	var machines []Machine
	for i, size := range [][2]float64{{48, 128}, {48, 192}, {16, 64}, {48, 64}, {16, 64}, {32, 64}, {16, 192}, {48, 192}, {48, 128}, {48, 128}, {16, 64}, {16, 64}} {
		m := Machines(1, resource.Milli(1000*size[0]), resource.Milli(1e6*size[1]))
		m[0].Host = fmt.Sprint("h", i)
		machines = append(machines, m...)
	}
	if got := lowerBound(machines, Equal(16, 6089, 26818e3)); got != 3 {
		t.Errorf("bound %d, want 3", got)
	}
}
