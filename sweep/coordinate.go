package sweep

import (
	"strconv"
	"strings"
)

// Dimensions is every parameter, groups unfolded, in the order of the spec, as a search sees it: of parameters
// that move together the first stands for all of them, and the others are constants.
func (s *Space) Dimensions() []Dimension {
	all := make([]Dimension, len(s.leaves))
	for i := range s.leaves {
		all[i] = s.coordinate(i)
	}
	return all
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
	for i := range l.tie.count {
		d.Values = append(d.Values, l.tie.coordinate(i))
	}
	return d
}

// coordinate is what stands for a place in a search.
func (t *tie) coordinate(place int) Value {
	if t.ordered {
		return int64(place)
	}
	return strconv.Itoa(place)
}

// inOrder says whether neighbouring places of a tie are alike: the values of all its members are.
func (s *Space) inOrder(t *tie) bool {
	for _, m := range t.members {
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
