package sweep

import (
	"encoding/json"
	"hash/fnv"
)

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64 bits in which every input
// bit changes every output bit with probability near one half.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// RandomNumber is the random number of one parameter in one try of one trial, in the open interval (0,1). It
// is a hash of the four numbers, so parameters, tries and trials do not disturb each other.
func RandomNumber(seed uint64, index, try, dimension int) float64 {
	h := mix(mix(mix(seed)^uint64(index)) ^ uint64(try))
	h = mix(h ^ uint64(dimension))
	return (float64(h>>12) + 0.5) / (1 << 52)
}

// TrialSeed is the seed that a trial's own program is given, KAON_SEED: below 2^31, which every language's
// generator takes, and different for every index below 2^31 of one sweep.
func TrialSeed(seed uint64, index int) uint64 {
	const mask = 1<<31 - 1
	x := (uint64(index) + mix(seed)) & mask
	// Odd multiplications and xor-shifts are bijections of 31 bits, so no two trials share a seed.
	x = x * 0x2c1b3c6d & mask
	x ^= x >> 16
	x = x * 0x297a2d39 & mask
	x ^= x >> 15
	return x
}

// TrialSeed is the seed that the program of a trial is given, KAON_SEED. In a sweep with `cache` it depends on what the
// trial runs and which of its repeats it is, and not on its number: the same work has the same seed in every sweep. A
// seed that the spec names makes other work of it.
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
