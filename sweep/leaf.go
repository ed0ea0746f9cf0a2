package sweep

import "math/big"

// leaf is a dimension and where it stands in the tree of parameters.
type leaf struct {
	Dimension
	path      []string
	unique    bool
	tie       *tie  // the parameters that move with this one; nil: none
	follows   bool  // it moves with another, which has the tie
	preset    Value // its `default`
	hasPreset bool
	choices   *big.Int // on a grid, and of a search that repeats no point; nil when continuous
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
