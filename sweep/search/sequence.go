package search

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep"
)

// cube is a set of points spread over the unit cube: coordinate k of point index, from the seed.
type cube interface {
	at(index uint64, k int) float64
}

// design is a search that gives trial i the point i of a cube.
type design struct {
	stateless
	encoder *encoder
	seed    uint64
	again   func(part int) cube // the cube, and others to try where constraints refuse a point of those before
}

// parts is how many points are tried for a trial before one is drawn at random.
const parts = 1000

func (d design) Ask(index int) (sweep.Point, bool) {
	if index < 0 {
		return nil, false
	}
	u := make([]float64, len(d.encoder.axes))
	for part := range parts {
		c := d.again(part)
		for k := range u {
			u[k] = c.at(uint64(index), k)
		}
		if p, _, ok := d.encoder.decode(u); ok {
			return p, true
		}
	}
	return d.encoder.space.Draw(d.seed, index)
}

// newSequence is a search along a sequence without end. Where constraints refuse its point, a trial takes
// the one of the same index in the sequence scrambled otherwise.
func newSequence(spec *sweep.Spec, scrambled func(seed uint64) cube) design {
	return design{encoder: newEncoder(spec.Space), seed: spec.Seed, again: func(part int) cube {
		if part == 0 {
			return scrambled(spec.Seed)
		}
		return scrambled(hash(spec.Seed, uint64(part)))
	}}
}

// newHypercube is a Latin hypercube (McKay, Beckman, Conover 1979): of N trials, each parameter has one in
// each N-th of its range. Each part is another hypercube.
func newHypercube(spec *sweep.Spec) design {
	return design{encoder: newEncoder(spec.Space), seed: spec.Seed, again: func(part int) cube {
		return hypercube{hash(spec.Seed, uint64(part)), max(spec.Points()-len(spec.Try), 1)}
	}}
}

// hypercube has each point's coordinate at random in a stratum of its own.
type hypercube struct {
	seed   uint64
	trials int
}

func (h hypercube) at(index uint64, k int) float64 {
	i := int(index % uint64(h.trials))
	stratum := sweep.Shuffle(hash(h.seed, uint64(k)), i, h.trials)
	return (float64(stratum) + sweep.RandomNumber(h.seed, i, 0, k)) / float64(h.trials)
}

// hash mixes two numbers into one (SplitMix64's finaliser; Steele, Lea, Flood 2014).
func hash(a, b uint64) uint64 {
	x := a ^ (b+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// halton is the Halton sequence (1960) with every digit shuffled by a permutation of its own, as in Owen's
// randomized Halton algorithm (2017): coordinate k counts in the k-th prime.
type halton struct {
	seed   uint64
	primes []int
}

// firstPrimes are as many primes, from 2.
func firstPrimes(count int) (primes []int) {
	for n := 2; len(primes) < count; n++ {
		if isPrime(n) {
			primes = append(primes, n)
		}
	}
	return primes
}

func isPrime(n int) bool {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return true
}

func (h halton) at(index uint64, k int) float64 {
	base := uint64(h.primes[k])
	u, weight := 0.0, 1.0
	const fine = 1.0 / (1 << 40) // digits below do not show in a float
	for place := uint64(0); weight > fine; place++ {
		weight /= float64(base)
		digit := sweep.Shuffle(hash(h.seed, uint64(k)<<8|place), int(index%base), int(base))
		u += float64(digit) * weight
		index /= base
	}
	return math.Min(u, 1-closest)
}
