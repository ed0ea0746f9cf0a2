package search

import (
	_ "embed" // the table of direction numbers
	"math/bits"
	"strconv"
	"strings"
	"sync"

	"github.com/kaon-sweep/kaon/sweep"
)

// directions is the table of Joe and Kuo (2008, "Constructing Sobol sequences with better two-dimensional
// projections", new-joe-kuo-6.21201): a line for each dimension from the second, its primitive polynomial
// with both end bits, then its initial direction numbers. The first dimension is van der Corput's.
//
//go:embed sobol.txt
var directions string

// sobolBits is how many binary digits a coordinate has.
const sobolBits = 32

// columns is the generating matrices, by dimension.
var columns = sync.OnceValue(func() [][sobolBits]uint32 {
	all := make([][sobolBits]uint32, 1, sweep.SobolDimensions)
	for i := range sobolBits {
		all[0][i] = 1 << (sobolBits - 1 - i)
	}
	for line := range strings.Lines(directions) {
		var numbers []uint32
		for _, field := range strings.Fields(line) {
			n, _ := strconv.ParseUint(field, 10, 32) // the table is part of the program, and a test reads it
			numbers = append(numbers, uint32(n))
		}
		all = append(all, recur(numbers[0], numbers[1:]))
	}
	return all
})

// recur continues the initial direction numbers by the polynomial.
func recur(polynomial uint32, initial []uint32) (v [sobolBits]uint32) {
	degree := len(initial)
	for i := range sobolBits {
		if i < degree {
			v[i] = initial[i] << (sobolBits - 1 - i)
			continue
		}
		v[i] = v[i-degree] ^ v[i-degree]>>degree
		for j := 1; j < degree; j++ {
			if polynomial>>(degree-j)&1 == 1 {
				v[i] ^= v[i-j]
			}
		}
	}
	return v
}

// sobol is Sobol's sequence (1967), its digits scrambled by a hash that keeps its evenness (Owen 1995, by
// Burley, "Practical Hash-based Owen Scrambling", 2020).
type sobol struct{ seed uint64 }

func (s sobol) at(index uint64, k int) float64 {
	if k >= sweep.SobolDimensions || index>>sobolBits > 0 {
		return sweep.RandomNumber(s.seed, int(index), 1, k)
	}
	var x uint32
	for i, rest := 0, uint32(index); rest != 0; i, rest = i+1, rest>>1 {
		if rest&1 == 1 {
			x ^= columns()[k][i]
		}
	}
	x = bits.Reverse32(laineKarras(bits.Reverse32(x), uint32(hash(s.seed, uint64(k)))))
	return (float64(x) + 0.5) / (1 << sobolBits)
}

// laineKarras is a permutation in which each bit depends on those below it alone.
func laineKarras(x, seed uint32) uint32 {
	x += seed
	x ^= x * 0x6c50b47c
	x ^= x * 0xb82f1e52
	x ^= x * 0xc7afe638
	x ^= x * 0x8d22f6e6
	return x
}
