package sweep

import "math/big"

// maxCounted is how many combinations of a grid with conditions Parse looks at: about a second of work. The
// number of points must be known before a sweep starts (one terminal state for every trial), and only
// looking tells.
const maxCounted = 1_000_000

// isPoint says whether combination i is a point: its constraints hold, and each absent parameter stands at
// its first choice, so that combinations which differ only in absent parameters count once.
func (s *Space) isPoint(values []Value, i *big.Int) (active []bool, ok bool) {
	active, ok = s.check(values)
	if !ok {
		return nil, false
	}
	rest, digit := new(big.Int).Set(i), new(big.Int)
	for k := len(s.leaves) - 1; k >= 0; k-- {
		rest.QuoRem(rest, s.leaves[k].choices, digit)
		if digit.Sign() != 0 && !s.here(k, active) {
			return nil, false
		}
	}
	return active, true
}

// countPoints walks the grid until it has found limit points, reached the end, or looked at maxCounted
// combinations.
func (s *Space) countPoints(limit int) *gridIndex {
	w := &gridIndex{}
	size, _ := s.product()
	i, one := new(big.Int), big.NewInt(1)
	for looked := 0; i.Cmp(size) < 0; looked++ {
		if looked == maxCounted || w.count == limit {
			return w
		}
		if _, ok := s.isPoint(s.combination(i), i); ok {
			if w.count%block == 0 {
				w.marks = append(w.marks, looked)
			}
			w.count++
		}
		i.Add(i, one)
	}
	w.whole = true
	return w
}

// indexedPoint is point n of a grid with conditions, by its index.
func (s *Space) indexedPoint(w *gridIndex, n int64) Point {
	skip := n % block
	i, one := big.NewInt(int64(w.marks[n/block])), big.NewInt(1)
	for {
		values := s.combination(i)
		if active, ok := s.isPoint(values, i); ok {
			if skip == 0 {
				return s.buildActive(values, active)
			}
			skip--
		}
		i.Add(i, one)
	}
}
