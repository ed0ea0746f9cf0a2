package sweep

import (
	"math/big"
	"strconv"
	"strings"
)

// tie is parameters that move together, as `zip` pairs lists: in every point they stand at the same place of
// their values. The first of them has the coordinate, the others follow it.
type tie struct {
	count   int   // of places
	members []int // leaves, the first one too
}

// place is the value of a tied leaf at a place.
func (l *leaf) place(i int) Value { return l.At(big.NewInt(int64(i))) }

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

// coordinate is the leaf as one dimension of a search. A tie is a choice among its places, on the first of its
// members: a number where all members' values have an order, else a text, since no place is nearer than another.
// What follows has one value, which Assemble replaces.
func (s *Space) coordinate(k int) Dimension {
	l := s.leaves[k]
	switch {
	case l.follows:
		return Dimension{Name: l.Name, Distribution: Constant, Values: []Value{l.place(0)}}
	case l.tie == nil:
		return l.Dimension
	}
	d := Dimension{Name: l.Name, Distribution: Categorical}
	ordered := s.inOrder(k)
	for i := range l.tie.count {
		if ordered {
			d.Values = append(d.Values, int64(i))
		} else {
			d.Values = append(d.Values, strconv.Itoa(i))
		}
	}
	return d
}

// inOrder says whether neighbouring values of a leaf are alike; of a tie those of all its members.
func (s *Space) inOrder(k int) bool {
	l := s.leaves[k]
	if l.tie == nil {
		return l.Ordered()
	}
	for _, m := range l.tie.members {
		if d := s.leaves[m]; d.Distribution == Categorical && !d.Ordered() {
			return false
		}
	}
	return true
}

// follow replaces what coordinate says of ties by the values they stand for.
func (s *Space) follow(values []Value) {
	for k, l := range s.leaves {
		if l.tie == nil {
			continue
		}
		place := 0
		switch v := values[k].(type) {
		case int64:
			place = int(v)
		case string:
			place, _ = strconv.Atoi(v) // coordinate wrote it
		}
		s.setPlace(values, l.tie, place)
	}
}

// identityAt tells the places of a tie apart.
func (s *Space) identityAt(t *tie, place int) string {
	var b strings.Builder
	for _, k := range t.members {
		b.WriteString(identity(s.leaves[k].place(place)))
		b.WriteByte(0)
	}
	return b.String()
}
