package sweep

import (
	"encoding/json"
	"hash/fnv"
)

// TrialSeed is the seed that the program of a trial is given, KAON_SEED. In a sweep with `cache` it depends on what the trial
// runs and which of its repeats it is, and not on its number: the same work has the same seed in every sweep. A seed that the
// spec names makes other work of it.
func (s *Spec) TrialSeed(trial int, p Point) uint64 {
	text, err := json.Marshal(p)
	if !s.Cache || p == nil || err != nil {
		return TrialSeed(s.Seed, trial)
	}
	h := fnv.New64a()
	_, _ = h.Write(text) // a hash takes everything
	seed := h.Sum64()
	if s.OwnSeed {
		seed ^= mix(s.Seed)
	}
	return TrialSeed(mix(seed), trial%max(s.Repeat.Trials, 1))
}
