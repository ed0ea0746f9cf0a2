package environ

import (
	"slices"
	"strings"
)

// List is an environment. It is used by one goroutine.
type List struct {
	pairs []string
	at    map[string]int // of each name in pairs
}

// New makes a list of pairs NAME=VALUE, whose names are unique. They are copied.
func New(pairs []string) *List {
	l := &List{pairs: slices.Clone(pairs), at: make(map[string]int, len(pairs))}
	for i, pair := range pairs {
		name, _, _ := strings.Cut(pair, "=")
		l.at[name] = i
	}
	return l
}

// Has says whether a variable is set, be it to nothing.
func (l *List) Has(name string) bool {
	_, ok := l.at[name]
	return ok
}

// Value is what a variable is set to; empty: to nothing, or it is not set.
func (l *List) Value(name string) string {
	if i, ok := l.at[name]; ok {
		return l.pairs[i][len(name)+1:]
	}
	return ""
}

// Put sets a variable, in the place of the one that is there or at the end.
func (l *List) Put(name, value string) {
	if i, ok := l.at[name]; ok {
		l.pairs[i] = name + "=" + value
		return
	}
	l.at[name] = len(l.pairs)
	l.pairs = append(l.pairs, name+"="+value)
}

// PutUnlessSet sets a variable that is not set.
func (l *List) PutUnlessSet(name, value string) {
	if !l.Has(name) {
		l.Put(name, value)
	}
}

// Remove has a variable not set.
func (l *List) Remove(name string) {
	if i, ok := l.at[name]; ok {
		*l = *New(slices.Delete(l.pairs, i, i+1))
	}
}

// Pairs is the environment as the kernel takes it. The caller must not change the list after.
func (l *List) Pairs() []string { return l.pairs }
