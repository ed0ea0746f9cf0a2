package simtest

import "testing"

// patience is within how many seeds a planted mistake must be found.
const patience = 200

// TestPlantedBugs proves that the laws are watched: each mistake is found, and not one story fails without
// it.
func TestPlantedBugs(t *testing.T) {
	for bug := NoBug + 1; bug < Bugs; bug++ {
		t.Run(bug.String(), func(t *testing.T) {
			for seed := range uint64(patience) {
				r, err := Run(Draw(seed), Options{Bug: bug})
				if err != nil {
					t.Fatal(err)
				}
				if r.Failure == "" {
					continue
				}
				t.Logf("found by seed %d: %.300s", seed, r.Failure)
				if r, err := Run(Draw(seed), Options{}); err != nil || r.Failure != "" {
					t.Errorf("seed %d fails without the mistake too: %s (%v)", seed, r.Failure, err)
				}
				return
			}
			t.Errorf("%v was not found in %d seeds", bug, patience)
		})
	}
}
