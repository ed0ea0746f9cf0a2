package simtest

import (
	"flag"
	"testing"
)

var (
	seedFlag  = flag.Int64("seed", -1, "play only the story of this seed, and tell it")
	seedsFlag = flag.Int("seeds", 250, "how many stories TestSeeds plays")
	fromFlag  = flag.Uint64("from", 0, "the first seed of TestSeeds")
)

// TestSeeds plays stories full of faults; no law may be broken in any.
func TestSeeds(t *testing.T) {
	if *seedFlag >= 0 {
		tellSeed(t, uint64(*seedFlag))
		return
	}
	var counts Counts
	for seed := *fromFlag; seed < *fromFlag+uint64(*seedsFlag); seed++ {
		r, err := Run(Draw(seed), Options{})
		if err != nil {
			t.Fatal(err)
		}
		counts.Add(&r.Counts)
		if r.Failure != "" {
			t.Errorf("seed %d: %.600s\nrun it again: go test ./scheduler/simtest -run TestSeeds -seed %d -v", seed, r.Failure, seed)
		}
	}
	t.Logf("%d faults", counts.Total())
}

func tellSeed(t *testing.T, seed uint64) {
	s := Draw(seed)
	r, err := Run(s, Options{Trace: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(s.String())
	if r.Failure != "" {
		t.Errorf("seed %d: %s", seed, r.Failure)
	}
}
