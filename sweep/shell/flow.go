package shell

import (
	"slices"
	"strconv"
)

// flow is a taint analysis: a graph of where text goes within a script, whatever shell reads it. Sources are
// the macros; text goes on by variables, positional words, files and pipes; sinks take it for more than data.
// Places have names such as "var:X" and are not told apart by time or branch, so that what may flow does.
type flow struct {
	*budget
	to    map[string][]string // from place to places
	holes map[int][]string    // from macro to places
	sinks map[string]*Need    // what a place needs of all that comes there
}

// source is what a piece of a script carries: macros that stand in it, and places that it reads.
type source struct {
	holes  []int
	places []string
}

func (s *source) add(t source) {
	s.holes = append(s.holes, t.holes...)
	s.places = append(s.places, t.places...)
}

// connect lets all that a source carries come to a place.
func (f *flow) connect(s source, place string) {
	if f.to == nil {
		f.to, f.holes, f.sinks = map[string][]string{}, map[int][]string{}, map[string]*Need{}
	}
	f.spend(len(s.holes) + len(s.places))
	for _, h := range s.holes {
		f.spend(len(f.holes[h]) / 8)
		if !slices.Contains(f.holes[h], place) {
			f.holes[h] = append(f.holes[h], place)
		}
	}
	for _, p := range s.places {
		f.spend(len(f.to[p]) / 8)
		if p != place && !slices.Contains(f.to[p], place) {
			f.to[p] = append(f.to[p], place)
		}
	}
}

// sink says what is needed of all that a source carries.
func (f *flow) sink(s source, r *Need) {
	if len(s.holes)+len(s.places) == 0 {
		return
	}
	place := "sink:" + strconv.Itoa(len(f.sinks))
	f.connect(s, place)
	f.sinks[place] = r
}

// propagate gives each macro the strictest Need of the places that its value reaches.
func (f *flow) propagate(at []standing) {
	for h, places := range f.holes {
		seen := map[string]bool{}
		for todo := slices.Clone(places); len(todo) > 0 && !f.spent(); {
			place := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if seen[place] {
				continue
			}
			seen[place] = true
			f.spend(4 + len(f.to[place]))
			at[h].require(f.sinks[place])
			todo = append(todo, f.to[place]...)
		}
	}
}

// require keeps the stricter of two requirements; of equal ones the lesser text, so that errors do not
// change.
func (s *standing) require(r *Need) {
	if r != nil && (s.need == nil || r.Kind > s.need.Kind || r.Kind == s.need.Kind &&
		r.Place < s.need.Place) {
		s.need = r
	}
}

// standing is what is known of one macro.
type standing struct {
	seen  bool
	asIs  bool      // in a comment, or after a backslash: no macro at all
	depth []quoting // outermost first
	need  *Need
	err   error
}
