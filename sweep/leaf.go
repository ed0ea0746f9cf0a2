package sweep

import (
	"math"
	"math/big"
	"sync/atomic"
)

// leaf is a dimension and where it stands in the tree of parameters.
type leaf struct {
	Dimension
	path      []string
	unique    bool
	tie       *tie  // the parameters that move with this one; nil: none
	follows   bool  // it moves with another, which has the tie
	fromMin   bool  // its values are steps of q from min, as At gives them, and not multiples of q
	preset    Value // its `default`
	hasPreset bool
	places    atomic.Pointer[placing] // of its values, when they are many
	choices   *big.Int                // on a grid, and of a search that repeats no point; nil when continuous
	// its own and those of the groups around it, all of which must hold; empty: always there
	when []*expression
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

// withoutRepeats makes the leaf one of a search that repeats no point: every value that a draw can have, each
// once.
func (l *leaf) withoutRepeats() {
	l.unique, l.choices = true, l.distinct()
	if l.tie != nil || l.follows {
		return
	}
	if l.Distribution != Categorical && l.Distribution != CategoricalProbs {
		return
	}
	seen := map[string]bool{}
	var kept []Value
	for i, v := range l.Values {
		id := identity(v)
		if !seen[id] && (l.Distribution == Categorical || l.Probabilities[i] > 0) {
			seen[id] = true
			kept = append(kept, v)
		}
	}
	l.Distribution, l.Values, l.Probabilities = Categorical, kept, nil
}

// tie is parameters that move together, as `zip` pairs lists: in every point they stand at the same place of
// their values. The first of them has the coordinate, the others follow it.
type tie struct {
	count   int   // of places
	members []int // leaves, the first one too
	ordered bool  // neighbouring places are alike
}

// maxTied bounds the places of a tie.
const maxTied = 1_000_000

// step is the place of a tied range that has the value, or is the nearest to it; below 0: none.
func (l *leaf) step(v Value) int {
	x, ok := numeric(v)
	if !ok || math.IsNaN(x) {
		return -1
	}
	if i, whole := v.(int64); whole && l.Distribution == IntUniform && i >= l.low && uint64(i)-uint64(l.low) < maxTied {
		return int(i - l.low)
	}
	if l.Distribution != QUniform {
		return -1
	}
	return int(clamp(math.Round((x-l.Min)/l.Q), -1, maxTied))
}

// place is the value of a tied leaf at a place.
func (l *leaf) place(i int) Value { return l.At(big.NewInt(int64(i))) }

// distinct is how many values the leaf can have on its own account.
func (l *leaf) distinct() *big.Int {
	switch {
	case l.tie != nil:
		return big.NewInt(int64(l.tie.count))
	case l.follows:
		return big.NewInt(1)
	}
	return l.Dimension.distinct()
}
