package shell

import (
	"slices"
	"strconv"
)

// flow is where text goes within a script, whatever shell reads it: from macros into variables, positional
// words, files and pipes, from those into others, and in the end to what takes it for code. Places have names
// such as "var:X"; they are not told apart by time or branch, so what may flow does.
type flow struct {
	to    map[string][]string // from place to places
	holes map[int][]string    // from macro to places
	ends  map[string]*Need    // what a place needs of all that comes there
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

// pour lets all that a source carries come to a place.
func (f *flow) connect(s source, place string) {
	if f.to == nil {
		f.to, f.holes, f.ends = map[string][]string{}, map[int][]string{}, map[string]*Need{}
	}
	for _, h := range s.holes {
		if !slices.Contains(f.holes[h], place) {
			f.holes[h] = append(f.holes[h], place)
		}
	}
	for _, p := range s.places {
		if p != place && !slices.Contains(f.to[p], place) {
			f.to[p] = append(f.to[p], place)
		}
	}
}

// end says what is needed of all that a source carries.
func (f *flow) sink(s source, r *Need) {
	if len(s.holes)+len(s.places) == 0 {
		return
	}
	place := "end:" + strconv.Itoa(len(f.ends))
	f.connect(s, place)
	f.ends[place] = r
}

// settle gives each macro the strictest Need of the places that its value reaches.
func (f *flow) propagate(at []standing) {
	for h, places := range f.holes {
		seen := map[string]bool{}
		for todo := slices.Clone(places); len(todo) > 0; {
			place := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if seen[place] {
				continue
			}
			seen[place] = true
			at[h].require(f.ends[place])
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
