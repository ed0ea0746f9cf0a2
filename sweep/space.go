package sweep

import "math/big"

// Space is the set of points a spec searches. Points are computed, never stored: At costs O(parameters)
// whatever the size. A Space does not change after Parse and may be used by many goroutines.
type Space struct {
	leaves    []*leaf
	rules     []*expression // constraints: every one must hold
	sorted    []int         // leaves, each after those its when refers to
	size      *big.Int      // of the grid, conditions aside; nil when not finite
	unique    bool          // random search draws no point twice: a permutation of the grid of all values
	excluded  []*exclusion  // points that are not tried
	tied      bool          // some parameters move together
	accepted  bool          // its expressions have no bound
	written   int           // bytes of its expressions
	needed    int           // parameters that its expressions name together
	nameIndex *nameIndex    // finds leaves by name
	decisive  []int         // leaves that decide whether a combination is a point, ascending; nil: any may
	index     *gridIndex    // set for a grid with conditions: which of all combinations count
}

// names is what the parameters are called, groups unfolded, in the order of the spec.
func (s *Space) names() []string {
	names := make([]string, len(s.leaves))
	for i, l := range s.leaves {
		names[i] = l.Name
	}
	return names
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

// combination is the value of every dimension in combination i: the digits of i in mixed radix.
func (s *Space) combination(i *big.Int) []Value {
	values := make([]Value, len(s.leaves))
	rest, digit := new(big.Int).Set(i), new(big.Int)
	for k := len(s.leaves) - 1; k >= 0; k-- {
		rest.QuoRem(rest, s.leaves[k].choices, digit)
		s.setChoice(values, k, digit)
	}
	return values
}

// Conditional says whether there is any `when` or constraint.
func (s *Space) Conditional() bool {
	if len(s.rules) > 0 || len(s.excluded) > 0 {
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

// set gives leaf k the value at share u of its distribution, and those that follow it theirs.
func (s *Space) set(values []Value, k int, u float64) {
	switch l := s.leaves[k]; {
	case l.tie != nil:
		s.setPlace(values, l.tie, min(int(u*float64(l.tie.count)), l.tie.count-1))
	case !l.follows:
		values[k] = l.Quantile(u)
	}
}

// setChoice gives leaf k its choice i, and those that follow it theirs.
func (s *Space) setChoice(values []Value, k int, i *big.Int) {
	switch l := s.leaves[k]; {
	case l.tie != nil:
		s.setPlace(values, l.tie, int(i.Int64()))
	case !l.follows:
		values[k] = l.choice(i)
	}
}

func (s *Space) setPlace(values []Value, t *tie, place int) {
	for _, k := range t.members {
		values[k] = s.leaves[k].place(place)
	}
}

// here says whether leaf k is there, or for the first of a tie whether any of its members is.
func (s *Space) here(k int, active []bool) bool {
	if t := s.leaves[k].tie; t != nil {
		for _, m := range t.members {
			if active[m] {
				return true
			}
		}
		return false
	}
	return active[k]
}
