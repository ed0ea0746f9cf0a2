package workflow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// Parameter is a typed name: of a workflow, or an output of a step.
type Parameter struct {
	Name        string
	Type        Type
	Description string
	Default     any   // nil, bool, int64, float64, string, []any, map[string]any
	Required    bool  // there is no default; of an output: an expression reads it, and has no ?? for it
	Choices     []any // if any, the only values
	Secret      bool  // its value is never shown
	Place       *sweep.Tree
}

// Check says whether a value, as JSON or a file gives it, is of the parameter's type and one of its choices. The error
// names neither parameter nor place.
func (p Parameter) Check(v any) error {
	if !p.Type.holds(v) {
		return fmt.Errorf("%s is needed, not %s", p.Type.noun(), describe(v))
	}
	if len(p.Choices) == 0 {
		return nil
	}
	texts := make([]string, len(p.Choices))
	for i, c := range p.Choices {
		if equal(c, v) {
			return nil
		}
		texts[i] = describe(c)
	}
	return fmt.Errorf("%s is none of %s", describe(v), strings.Join(texts, ", "))
}

// equal compares values as JSON and files give them: 1 and 1.0 are the same.
func equal(a, b any) bool {
	x, xIsNumber := number(a)
	y, yIsNumber := number(b)
	if xIsNumber || yIsNumber {
		return xIsNumber && yIsNumber && x == y
	}
	return describe(a) == describe(b)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
