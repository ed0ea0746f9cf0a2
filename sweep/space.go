package sweep

import "math/big"

// Space is the set of points a spec searches. Points are computed, never stored: At costs O(parameters)
// whatever the size. A Space does not change after Parse and may be used by many goroutines.
type Space struct {
	leaves []*leaf
	rules  []*expression // constraints: every one must hold
	sorted []int         // leaves, each after those its when refers to
	size   *big.Int      // of the grid, conditions aside; nil when not finite
	unique bool          // random search draws no point twice: a permutation of the grid of all values
	index  *gridIndex    // set for a grid with conditions: which of all combinations count
}

// leaf is a dimension and where it stands in the tree of parameters.
type leaf struct {
	Dimension
	path    []string
	unique  bool
	choices *big.Int      // on a grid, and of a search that repeats no point; nil when continuous
	when    []*expression // its own and those of the groups around it, all of which must hold; empty: always there
}

// Dimensions is every parameter, groups unfolded, in the order of the spec.
func (s *Space) Dimensions() []Dimension {
	all := make([]Dimension, len(s.leaves))
	for i, l := range s.leaves {
		all[i] = l.Dimension
	}
	return all
}

// Size is how many points a grid over the space has, and whether that number is finite. With `when` or
// `constraints` it counts the points that hold them, as far as Parse had to look: up to run_cap.
func (s *Space) Size() (n *big.Int, finite bool) {
	if s.index != nil {
		return big.NewInt(int64(s.index.count)), true
	}
	if s.size == nil {
		return s.product()
	}
	return new(big.Int).Set(s.size), true
}

// product is the number of combinations, conditions aside.
func (s *Space) product() (n *big.Int, finite bool) {
	n = big.NewInt(1)
	for _, l := range s.leaves {
		if l.choices == nil {
			return nil, false
		}
		n.Mul(n, l.choices)
	}
	return n, true
}

// At is grid point i, in O(parameters). The last parameter varies fastest, as in W&B. Under `when` or
// `constraints` it is the i-th point that holds them. It panics when i is not below Size.
func (s *Space) At(i *big.Int) Point {
	if n, finite := s.Size(); !finite || i.Sign() < 0 || i.Cmp(n) >= 0 {
		panic("sweep: grid point " + i.String() + " is outside the space")
	}
	if s.index != nil {
		return s.index.at(s, i.Int64())
	}
	return s.build(s.combination(i))
}

// combination is the value of every dimension in combination i: the digits of i in mixed radix.
func (s *Space) combination(i *big.Int) []Value {
	values := make([]Value, len(s.leaves))
	rest, digit := new(big.Int).Set(i), new(big.Int)
	for k := len(s.leaves) - 1; k >= 0; k-- {
		rest.QuoRem(rest, s.leaves[k].choices, digit)
		values[k] = s.leaves[k].choice(digit)
	}
	return values
}

// tries bounds how many random points are rejected by constraints before a trial is given up. Parse refuses
// specs that accept less than about one in a thousand, so a million misses do not happen by chance.
const tries = 1_000_000

// Draw is the random point of one trial: the same seed and index give the same point for ever. Under
// constraints, points are drawn until one holds them all; ok is false when none of a million did. With `unique` no
// two indices give the same point, and ok is false when there are no more.
func (s *Space) Draw(seed uint64, index int) (p Point, ok bool) {
	if s.unique {
		size, _ := s.Size()
		if index < 0 || big.NewInt(int64(index)).Cmp(size) >= 0 {
			return nil, false
		}
		return s.At(shuffled(index, size, seed)), true
	}
	return s.draw(seed, index, tries)
}

func (s *Space) draw(seed uint64, index, tries int) (Point, bool) {
	values := make([]Value, len(s.leaves))
	for try := range tries {
		for k, l := range s.leaves {
			values[k] = l.Quantile(uniform(seed, index, try, k))
		}
		if !s.conditional() {
			return s.build(values), true
		}
		if active, ok := s.check(values); ok {
			return s.buildActive(values, active), true
		}
	}
	return nil, false
}

// conditional says whether there is any `when` or constraint.
func (s *Space) conditional() bool {
	if len(s.rules) > 0 {
		return true
	}
	for _, l := range s.leaves {
		if len(l.when) > 0 {
			return true
		}
	}
	return false
}

func (s *Space) build(values []Value) Point { return s.buildActive(values, nil) }

// buildActive puts values into nested groups; active nil means all of them.
func (s *Space) buildActive(values []Value, active []bool) Point {
	root := Point{}
	for k, l := range s.leaves {
		if active == nil || active[k] {
			root = insert(root, l.path, values[k])
		}
	}
	return root
}

// insert adds a leaf to the group its path names. Leaves of one group follow each other in spec order, so the
// group is always the last entry.
func insert(p Point, path []string, v Value) Point {
	if len(path) == 1 {
		return append(p, Param{Name: path[0], Value: v})
	}
	last := len(p) - 1
	if last < 0 || p[last].Name != path[0] {
		p = append(p, Param{Name: path[0], Value: Point{}})
		last++
	}
	p[last].Value = insert(p[last].Value.(Point), path[1:], v)
	return p
}
