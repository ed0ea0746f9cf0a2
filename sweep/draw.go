package sweep

import "math/big"

// At is grid point i, in O(parameters). The last parameter varies fastest, as in W&B. Under `when` or
// `constraints` it is the i-th point that holds them. It panics when i is not below Size.
func (s *Space) At(i *big.Int) Point {
	if n, finite := s.Size(); !finite || i.Sign() < 0 || i.Cmp(n) >= 0 {
		panic("sweep: grid point " + i.String() + " is outside the space")
	}
	if s.index != nil {
		return s.indexedPoint(s.index, i.Int64())
	}
	return s.build(s.combination(i))
}

// tries bounds how many random points are rejected by constraints before a trial is given up. Parse refuses
// specs that accept less than about one in a thousand, so a million misses do not happen by chance.
const tries = 1_000_000

// Draw is the random point of one trial: the same seed and index give the same point for ever. Under
// constraints, points are drawn until one holds them all; ok is false when none of a million did. With
// `unique` no two indices give the same point, and ok is false when there are no more.
func (s *Space) Draw(seed uint64, index int) (p Point, ok bool) {
	if s.unique {
		size, _ := s.Size()
		if index < 0 || big.NewInt(int64(index)).Cmp(size) >= 0 {
			return nil, false
		}
		return s.At(shuffled(index, size, seed)), true
	}
	if !s.Conditional() {
		values := make([]Value, len(s.leaves))
		for k := range s.leaves {
			s.set(values, k, RandomNumber(seed, index, 0, k))
		}
		return s.build(values), true
	}
	p, ok, _ = s.evaluation().draw(seed, index, tries)
	return p, ok
}

// draw tries so many random points of a conditional space at most, and stops at the bound of the evaluation.
func (e *evaluation) draw(seed uint64, index, tries int) (p Point, ok bool, tried int) {
	s := e.s
	values := make([]Value, len(s.leaves))
	draw := func(try int, leaves []int) {
		for _, k := range leaves {
			s.set(values, k, RandomNumber(seed, index, try, k))
		}
	}
	for try := range tries {
		if draw(try, e.decisive); e.most > 0 && e.done > e.most {
			return nil, false, try
		}
		if active, ok, _ := e.evaluate(values); ok {
			draw(try, s.every()) // a number depends on none drawn before it
			return s.buildActive(values, active), true, try + 1
		}
	}
	return nil, false, tries
}
