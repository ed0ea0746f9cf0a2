package sweep

import "strings"

// exclusion is partial points that name the same parameters. A point is excluded when it has all values of one.
type exclusion struct {
	leaves []int           // ascending
	keys   map[string]bool // values of these, as key writes them
}

func (e *exclusion) key(values []Value) string {
	var b strings.Builder
	for _, k := range e.leaves {
		b.WriteString(identity(values[k]))
		b.WriteByte(0)
	}
	return b.String()
}
