package sweep

import (
	"slices"
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

// Lists is the values that the spec lists for parameters, in its order, by dotted names. Ranges are not there.
func (s *Space) Lists() map[string][]Value {
	all := map[string][]Value{}
	for _, l := range s.leaves {
		if l.Distribution == Categorical || l.Distribution == CategoricalProbs {
			all[l.Name] = l.Values
		}
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

// Coordinate is the value of dimension k of Dimensions where parameters, which may be those of another space, have the
// values that are known by name: of parameters that move together what stands for their place. There is false when none
// of them is known. It is not ok when they never have these values together.
func (s *Space) Coordinate(k int, known func(name string) (Value, bool)) (v Value, there, ok bool) {
	l := s.leaves[k]
	switch {
	case l.follows:
		return nil, false, true
	case l.tie == nil:
		v, there = known(l.Name)
		return v, there, true
	}
	place, ok := s.placeOf(l.tie, func(m int) (Value, bool) {
		v, is := known(s.leaves[m].Name)
		if own, ok := s.leaves[m].admit(v); ok {
			v = own
		}
		return v, is
	})
	if place < 0 {
		return nil, false, ok
	}
	return l.tie.coordinate(place), true, true
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

// placeOf is the first place of a tie at which its members have the known values; -1 when none is known. ok is false
// when there is no such place.
func (s *Space) placeOf(t *tie, known func(leaf int) (Value, bool)) (place int, ok bool) {
	values, ranged := map[int]Value{}, -1
	for _, k := range t.members {
		v, is := known(k)
		if !is {
			continue
		}
		if values[k] = v; len(s.leaves[k].Values) == 0 {
			ranged = k
		}
	}
	if len(values) == 0 {
		return -1, true
	}
	from, to := 0, t.count
	if ranged >= 0 { // each of its values stands at one place
		from = s.leaves[ranged].step(values[ranged])
		to = min(from+1, to)
	}
places:
	for i := max(from, 0); i < to; i++ {
		for k, v := range values {
			if !same(s.leaves[k].place(i), v) {
				continue places
			}
		}
		return i, true
	}
	return -1, false
}

// Zipped is the parameters that move together: of each such set the places of its members in Dimensions.
func (s *Space) Zipped() (sets [][]int) {
	for _, l := range s.leaves {
		if l.tie != nil {
			sets = append(sets, l.tie.members)
		}
	}
	return sets
}

// Member is a parameter that moves with others, by its place in Dimensions, as a choice among the values that it has
// itself: one for each place of the set, so that what stands at one place of all its members goes together.
func (s *Space) Member(k int) Dimension {
	l := s.leaves[k]
	d := Dimension{Name: l.Name, Distribution: Categorical}
	for _, l := range s.leaves {
		if l.tie == nil || !slices.Contains(l.tie.members, k) {
			continue
		}
		for i := range l.tie.count {
			d.Values = append(d.Values, s.leaves[k].place(i))
		}
	}
	return d
}
