package sweep

import "strings"

// nameIndex finds leaves by what they are called.
type nameIndex struct {
	paths map[string][]int // leaves by the beginnings of their paths, the whole ones too
	first map[string]int   // the first leaf that has a name, or stands in a group of that name
	leaf  map[string]int   // the leaf of a name
}

// pathKey is a path as a nameIndex has it: no name of a parameter holds a NUL.
func pathKey(path []string) string { return strings.Join(path, "\x00") }

// indexNames notes what the leaves are called, once all are read.
func (s *Space) indexNames() {
	n := &nameIndex{paths: map[string][]int{}, first: map[string]int{}, leaf: map[string]int{}}
	for k, l := range s.leaves {
		for i := range len(l.path) + 1 {
			key := pathKey(l.path[:i])
			n.paths[key] = append(n.paths[key], k)
		}
		if _, known := n.leaf[l.Name]; !known {
			n.leaf[l.Name] = k
		}
		note := func(name string) {
			if _, known := n.first[name]; !known {
				n.first[name] = k
			}
		}
		note(l.Name)
		for i := range len(l.Name) {
			if l.Name[i] == '.' {
				note(l.Name[:i])
			}
		}
	}
	s.nameIndex = n
}

// under is every leaf whose path begins with the given one, ascending.
func (s *Space) under(path []string) []int {
	if s.nameIndex == nil {
		return nil
	}
	return s.nameIndex.paths[pathKey(path)]
}

// around is the parameters into whose value, a mapping or a list, a path leads.
func (s *Space) around(path []string) []int {
	var found []int
	for i := 1; i < len(path); i++ {
		at := s.under(path[:i])
		if len(at) == 0 {
			continue
		}
		if l := s.leaves[at[0]]; len(l.path) == i && len(l.Values) > 0 { // a leaf of this path is the only one
			found = append(found, at[0])
		}
	}
	return found
}

// leafNamed is the leaf of a name; below 0: there is none.
func (s *Space) leafNamed(name string) int {
	if s.nameIndex != nil {
		if k, known := s.nameIndex.leaf[name]; known {
			return k
		}
	}
	return -1
}

// leafFor is the first leaf that ${param.NAME} may mean: one of that name, or in a group of that name, or whose
// value, a mapping, holds it; below 0: there is none.
func (s *Space) leafFor(name string) int {
	if s.nameIndex == nil {
		return -1
	}
	if k, known := s.nameIndex.first[name]; known {
		return k
	}
	for i := range len(name) {
		if name[i] != '.' {
			continue
		}
		if k, known := s.nameIndex.leaf[name[:i]]; known {
			if _, deeper := constantAt(s.leaves[k], name); deeper {
				return k
			}
		}
	}
	return -1
}

// constantAt looks inside mappings that are values of a parameter.
func constantAt(l *leaf, name string) (Value, bool) {
	rest, inside := strings.CutPrefix(name, l.Name+".")
	if !inside || len(l.Values) == 0 {
		return nil, false
	}
	for _, v := range l.Values {
		p, ok := v.(Point)
		if !ok {
			return nil, false
		}
		if _, ok = p.Lookup(rest); !ok {
			return nil, false
		}
	}
	return nil, true
}
