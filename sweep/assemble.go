package sweep

import (
	"math/big"
	"slices"
)

// Assemble is the point that has a value for every dimension, in the order of Dimensions. active says which
// of them are there: the others are switched off by their `when`. ok is false when a constraint refuses the
// point.
func (s *Space) Assemble(values []Value) (p Point, active []bool, ok bool) {
	if s.tied {
		values = slices.Clone(values)
		s.follow(values)
	}
	if !s.Conditional() {
		return s.build(values), nil, true
	}
	if active, ok = s.check(values); !ok {
		return nil, active, false
	}
	p = s.buildActive(values, active)
	for k := range s.leaves {
		if s.leaves[k].tie != nil {
			active[k] = s.here(k, active)
		}
	}
	return p, active, true
}

// Shuffle is element i of a permutation of 0…n-1 that the seed chooses.
func Shuffle(seed uint64, i, n int) int {
	return int(shuffled(i, big.NewInt(int64(n)), seed).Int64())
}

// ShuffledAt is the grid point i of the space in an order that the seed chooses.
func (s *Space) ShuffledAt(seed uint64, i int) Point {
	size, _ := s.Size()
	return s.At(shuffled(i, size, seed))
}

// Ordered says whether the values of a choice are numbers in ascending or descending order, so that
// neighbours are alike.
func (d *Dimension) Ordered() bool {
	if len(d.Values) < 2 {
		return false
	}
	numbers := make([]float64, len(d.Values))
	for i, v := range d.Values {
		switch v := v.(type) {
		case int64:
			numbers[i] = float64(v)
		case float64:
			numbers[i] = v
		default:
			return false
		}
	}
	if numbers[0] > numbers[1] {
		slices.Reverse(numbers)
	}
	for i := 1; i < len(numbers); i++ {
		if !(numbers[i-1] < numbers[i]) {
			return false
		}
	}
	return true
}
