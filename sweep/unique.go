package sweep

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
)

// multiples are the steps of q that a rounded dimension takes: the first, and how many; 0: they have no bounds.
func (d *Dimension) multiples() (first, count float64) {
	low, high, bounded := d.support()
	if d.Q <= 0 || !bounded {
		return 0, 0
	}
	first = math.Ceil(low/d.Q - slack)
	return first, math.Floor(high/d.Q+slack) - first + 1
}

// distinct is how many values a random draw of the dimension can have; nil: without number.
func (d *Dimension) distinct() *big.Int {
	switch d.Distribution {
	case Constant:
		return big.NewInt(1)
	case Categorical, CategoricalProbs:
		seen := map[string]bool{}
		for i, v := range d.Values {
			if d.Distribution == Categorical || d.Probabilities[i] > 0 {
				seen[fmt.Sprintf("%T%s", v, appendRepr(nil, v))] = true
			}
		}
		return big.NewInt(int64(len(seen)))
	case IntUniform:
		n, _ := d.Choices()
		return n
	}
	if _, count := d.multiples(); count > 0 {
		n, _ := big.NewFloat(count).Int(nil)
		return n
	}
	return nil
}

// choice is value i of those that the leaf can take: on a grid, or of a search that repeats no point.
func (l *leaf) choice(i *big.Int) Value {
	if !l.unique || l.Q <= 0 {
		return l.At(i)
	}
	first, _ := l.multiples()
	k, _ := new(big.Float).SetInt(i).Float64()
	return l.number(snap((first+k)*l.Q, l.Q, 0))
}

// withoutRepeats makes the leaf one of a search that repeats no point: every value that a draw can have, each once.
func (l *leaf) withoutRepeats() {
	l.unique, l.choices = true, l.distinct()
	if l.Distribution != Categorical && l.Distribution != CategoricalProbs {
		return
	}
	seen := map[string]bool{}
	var kept []Value
	for i, v := range l.Values {
		text := fmt.Sprintf("%T%s", v, appendRepr(nil, v))
		if !seen[text] && (l.Distribution == Categorical || l.Probabilities[i] > 0) {
			seen[text] = true
			kept = append(kept, v)
		}
	}
	l.Distribution, l.Values, l.Probabilities = Categorical, kept, nil
}

// shuffled is element i of a permutation of 0…n-1 that the seed chooses: a Feistel network over the next even
// number of bits, walked until it falls below n (Black and Rogaway 2002). Of more than 2^62 elements, it is an
// injection of the first 2^62.
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

// points is how many points a random search can draw, conditions aside; nil: without number.
func (s *Space) points() *big.Int {
	n := big.NewInt(1)
	for _, l := range s.leaves {
		d := l.distinct()
		if d == nil {
			return nil
		}
		n.Mul(n, d)
	}
	return n
}
