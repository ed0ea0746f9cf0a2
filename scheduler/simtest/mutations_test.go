package simtest

import "testing"

// mostSeeds is within how many seeds a planted mistake must be found.
const mostSeeds = 200

// TestMutationsAreFound proves that the laws are watched: each mistake is found, and not one story fails
// without it.
func TestMutationsAreFound(t *testing.T) {
	for mutation := NoMutation + 1; mutation < Mutations; mutation++ {
		t.Run(mutation.String(), func(t *testing.T) {
			for seed := range uint64(mostSeeds) {
				r, err := Run(Draw(seed), Options{Mutation: mutation})
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
			t.Errorf("%v was not found in %d seeds", mutation, mostSeeds)
		})
	}
}
