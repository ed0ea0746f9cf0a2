package sweep

import (
	"math/big"
	"math/bits"
)

// most is how many bits of an index a permutation mixes at most.
const most = 62

// shuffled is element i of a permutation of 0…n-1 that the seed chooses: a Feistel network over the next even
// number of bits, walked until it falls below n (Black and Rogaway 2002). Of more than 2^62 elements, it is
// an injection of the first 2^62.
func shuffled(i int, n *big.Int, seed uint64) *big.Int {
	if n.BitLen() > most {
		y := new(big.Int).SetUint64(feistel(uint64(i), most, seed))
		return y.Rsh(y.Mul(y, n), most)
	}
	size := n.Uint64()
	width := evenWidth(size)
	x := feistel(uint64(i), width, seed)
	for x >= size {
		x = feistel(x, width, seed)
	}
	return new(big.Int).SetUint64(x)
}

// evenWidth is the next even number of bits that hold the numbers below size.
func evenWidth(size uint64) int {
	width := max(bits.Len64(size-1), 2)
	return width + width&1
}

// unshuffled undoes shuffled: which i has the element. ok is false when none has it, as it is with most of more than
// 2^62 elements.
func unshuffled(element, n *big.Int, seed uint64) (i int, ok bool) {
	if n.BitLen() > most {
		x := new(big.Int).Lsh(element, most)
		x.Add(x, new(big.Int).Sub(n, big.NewInt(1))).Quo(x, n) // the least x whose x*n>>most may be the element
		back := new(big.Int).Mul(x, n)
		if x.BitLen() > most || back.Rsh(back, most).Cmp(element) != 0 {
			return 0, false
		}
		return int(unfeistel(x.Uint64(), most, seed)), true
	}
	size := n.Uint64()
	width := evenWidth(size)
	x := unfeistel(element.Uint64(), width, seed)
	for x >= size {
		x = unfeistel(x, width, seed)
	}
	return int(x), true
}

// rounds of a Feistel network that mix as well as the finaliser they are made of.
const rounds = 8

// unfeistel undoes feistel.
func unfeistel(x uint64, width int, seed uint64) uint64 {
	half := width / 2
	mask := uint64(1)<<half - 1
	left, right := x>>half, x&mask
	for round := uint64(rounds); round > 0; round-- {
		left, right = right^mix(mix(seed^(round-1))^left)&mask, left
	}
	return left<<half | right
}

// feistel is a permutation of the numbers of an even width of bits.
func feistel(x uint64, width int, seed uint64) uint64 {
	half := width / 2
	mask := uint64(1)<<half - 1
	left, right := x>>half, x&mask
	for round := range uint64(rounds) {
		left, right = right, left^mix(mix(seed^round)^right)&mask
	}
	return left<<half | right
}
