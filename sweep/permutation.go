package sweep

import (
	"math/big"
	"math/bits"
)

// shuffled is element i of a permutation of 0…n-1 that the seed chooses: a Feistel network over the next even
// number of bits, walked until it falls below n (Black and Rogaway 2002). Of more than 2^62 elements, it is
// an injection of the first 2^62.
func shuffled(i int, n *big.Int, seed uint64) *big.Int {
	const most = 62
	if n.BitLen() > most {
		y := new(big.Int).SetUint64(feistel(uint64(i), most, seed))
		return y.Rsh(y.Mul(y, n), most)
	}
	size := n.Uint64()
	width := max(bits.Len64(size-1), 2)
	width += width & 1
	x := feistel(uint64(i), width, seed)
	for x >= size {
		x = feistel(x, width, seed)
	}
	return new(big.Int).SetUint64(x)
}

// feistel is a permutation of the numbers of an even width of bits.
func feistel(x uint64, width int, seed uint64) uint64 {
	const rounds = 8
	half := width / 2
	mask := uint64(1)<<half - 1
	left, right := x>>half, x&mask
	for round := range uint64(rounds) {
		left, right = right, left^mix(mix(seed^round)^right)&mask
	}
	return left<<half | right
}
