package sweep

import (
	"math/big"
	"testing"
)

// In a sweep with `cache` equal trials have equal seeds, whatever their numbers, sweeps and the spaces these draw from; repeats, other
// points and a seed of the spec's own make other work.
func TestSeedsOfEqualWork(t *testing.T) {
	read := func(text string) *Spec {
		s, err := Parse("s.yaml", []byte("method: grid\ncommand: [x]\n"+text))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	seed := func(s *Spec, trial int) uint64 {
		p := s.Space.At(big.NewInt(int64(trial / max(s.Repeat.Trials, 1))))
		return s.TrialSeed(trial, p)
	}
	small := read("cache: true\nparameters: {a: {values: [2, 3]}}\n")
	large := read("name: other\ncache: true\nparameters: {a: {values: [1, 2, 3]}}\n")
	own := read("seed: 5\ncache: true\nparameters: {a: {values: [1, 2, 3]}}\n")
	twice := read("cache: true\nrepeat: 2\nparameters: {a: {values: [2, 3]}}\n")
	if seed(small, 0) != seed(large, 1) || seed(small, 1) != seed(large, 2) || seed(small, 1) != seed(twice, 2) {
		t.Error("equal trials of different sweeps have different seeds")
	}
	for name, pair := range map[string][2]uint64{
		"points": {seed(small, 0), seed(small, 1)}, "seeds of the spec": {seed(large, 1), seed(own, 1)},
		"repeats": {seed(twice, 0), seed(twice, 1)},
	} {
		if pair[0] == pair[1] {
			t.Errorf("different %s have the same seed", name)
		}
	}
	if plain := read("parameters: {a: {values: [2, 3]}}\n"); seed(plain, 1) != TrialSeed(plain.Seed, 1) {
		t.Error("without `cache` seeds have changed")
	}
	if seed(small, 0) == 0 || !small.Cache || small.OwnSeed || !own.OwnSeed {
		t.Errorf("%v, %v, %v", small.Cache, small.OwnSeed, own.OwnSeed)
	}
}
