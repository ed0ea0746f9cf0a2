package sweep

import (
	"math/big"
	"slices"
)

// Disassemble undoes Assemble: it is a value for every dimension of a point, in the order of Dimensions, and which of
// them the point has. ok is false when the space does not have the point.
func (s *Space) Disassemble(p Point) (values []Value, there []bool, ok bool) {
	values, there, ok = s.valuesOf(p)
	if !ok {
		return nil, nil, false
	}
	for k, l := range s.leaves {
		switch {
		case l.follows:
			values[k] = l.place(0)
		case l.tie != nil:
			place, known := s.placeOf(l.tie, func(m int) (Value, bool) { return values[m], there[m] })
			if !known {
				return nil, nil, false
			}
			there[k] = s.here(k, there)
			values[k] = l.tie.coordinate(max(place, 0))
		}
	}
	return values, there, true
}

// valuesOf is the value of each leaf of a point; of those that the point lacks, one that they could have.
func (s *Space) valuesOf(p Point) (values []Value, there []bool, ok bool) {
	values, there = make([]Value, len(s.leaves)), make([]bool, len(s.leaves))
	for k, l := range s.leaves {
		if values[k], there[k] = find(p, l.path); !there[k] {
			values[k] = l.Quantile(0.5)
			continue
		}
		if values[k], ok = l.admit(values[k]); !ok {
			return nil, nil, false
		}
	}
	return values, there, true
}

// Rank undoes At: it is the number of a point on the grid. ok is false when the grid does not have the point.
func (s *Space) Rank(p Point) (n *big.Int, ok bool) {
	values, there, ok := s.valuesOf(p)
	if _, finite := s.product(); !ok || !finite {
		return nil, false
	}
	n = new(big.Int)
	for k, l := range s.leaves {
		n.Mul(n, l.choices)
		digit, ok := s.choiceOf(k, values, there)
		if !ok {
			return nil, false
		}
		n.Add(n, digit)
	}
	if s.index == nil {
		return n, true
	}
	rank, ok := s.index.rank(s, n)
	return big.NewInt(int64(rank)), ok
}

// choiceOf undoes setChoice: which choice the leaf's value is; the first one of a leaf that is not there.
func (s *Space) choiceOf(k int, values []Value, there []bool) (*big.Int, bool) {
	l := s.leaves[k]
	switch {
	case l.tie != nil:
		place, ok := s.placeOf(l.tie, func(m int) (Value, bool) { return values[m], there[m] })
		return big.NewInt(int64(max(place, 0))), ok
	case l.follows || !there[k] || l.Distribution == Constant:
		return new(big.Int), true
	case len(l.Values) > 0:
		i := slices.IndexFunc(l.Values, func(v Value) bool { return same(v, values[k]) })
		return big.NewInt(int64(i)), i >= 0
	case l.Distribution == IntUniform:
		return new(big.Int).Sub(big.NewInt(values[k].(int64)), big.NewInt(l.low)), true
	}
	x, _ := numeric(values[k])
	if !l.unique {
		return l.stepOf(x, l.Min)
	}
	first, _ := l.multiples()
	return l.stepOf(x, first*l.Q)
}

// rank undoes at: which point of the grid a combination is.
func (w *gridIndex) rank(s *Space, combination *big.Int) (int, bool) {
	if !combination.IsInt64() || len(w.marks) == 0 {
		return 0, false
	}
	wanted := int(combination.Int64())
	b, exact := slices.BinarySearch(w.marks, wanted)
	if exact {
		return b * block, true
	}
	if b == 0 {
		return 0, false
	}
	n := (b - 1) * block
	o := s.odometerAt(big.NewInt(int64(w.marks[b-1])))
	for i := w.marks[b-1]; n < w.count && i < wanted; i++ {
		if _, ok := o.isPoint(); ok {
			n++
		}
		o.next()
	}
	if n >= w.count {
		return 0, false
	}
	_, ok := o.isPoint()
	return n, ok
}

// Position undoes ShuffledAt, and Draw of a search that repeats no point: the index that the order chosen by the seed
// gives a point. ok is false when no index below 2^62 has it.
func (s *Space) Position(seed uint64, p Point) (index int, ok bool) {
	n, ok := s.Rank(p)
	if !ok {
		return 0, false
	}
	size, _ := s.Size()
	return unshuffled(n, size, seed)
}

// Unique says whether the spec asks for a random search that draws no point twice.
func (s *Space) Unique() bool { return s.unique }

// Nested is a point with the values of its parameters where the space has them: a name with dots stands for a parameter
// in groups, however it is written. What the space does not name is left out.
func (s *Space) Nested(p Point) Point {
	values, there := make([]Value, len(s.leaves)), make([]bool, len(s.leaves))
	for k, l := range s.leaves {
		values[k], there[k] = p.Lookup(l.Name)
	}
	return s.buildActive(values, there)
}
