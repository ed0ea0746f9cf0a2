package workflow

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// Type is the type of a value that passes between steps.
type Type struct {
	Kind  Kind
	Items *Type // of a list; nil: any
}

// Kind is what a type is at its top.
type Kind string

// The kinds.
const (
	Any     Kind = "any"
	String  Kind = "string"
	Integer Kind = "integer"
	Number  Kind = "number"
	Boolean Kind = "boolean"
	List    Kind = "list"
	Object  Kind = "object"
	File    Kind = "file" // a string that names a file or an object of a bucket, brought to where the step runs
)

var kinds = []string{"string", "integer", "number", "boolean", "list", "object", "file", "any"}

// String is the type as files have it: number, list[string].
func (t Type) String() string {
	switch {
	case t.Kind == "":
		return string(Any)
	case t.Kind == List && t.Items != nil:
		return "list[" + t.Items.String() + "]"
	}
	return string(t.Kind)
}

// noun is the type in a sentence.
func (t Type) noun() string {
	switch t.Kind {
	case Integer:
		return "a whole number"
	case Number:
		return "a number"
	case Boolean:
		return "true or false"
	case String:
		return "a text"
	case File:
		return "a file"
	case Object:
		return "a mapping"
	case List:
		return "a " + t.String()
	}
	return "a value"
}

// ListOf is the type of lists of a type.
func ListOf(t Type) Type { return Type{Kind: List, Items: &t} }

const deepestType = 8 // lists of lists

// ParseType reads a type.
func ParseType(text string) (Type, error) {
	t, rest := Type{}, strings.TrimSpace(text)
	depth := 0
	for strings.HasPrefix(rest, "list[") && strings.HasSuffix(rest, "]") {
		if depth++; depth > deepestType {
			return t, fmt.Errorf("the type has more than %d lists within each other", deepestType)
		}
		rest = strings.TrimSpace(rest[len("list[") : len(rest)-1])
	}
	for _, k := range kinds {
		if rest == k {
			t.Kind = Kind(k)
		}
	}
	if t.Kind == "" {
		return t, fmt.Errorf("`%s` is no type", clipped(rest))
	}
	for range depth {
		t = ListOf(t)
	}
	return t, nil
}

// holds says whether a value is of the type.
func (t Type) holds(v any) bool {
	switch t.Kind {
	case String, File:
		_, ok := v.(string)
		return ok
	case Boolean:
		_, ok := v.(bool)
		return ok
	case Integer:
		switch v := v.(type) {
		case int64, int:
			return true
		case float64:
			const exact = 1 << 53
			return v == float64(int64(v)) && v > -exact && v < exact
		}
		return false
	case Number:
		switch v.(type) {
		case int64, int, float64:
			return true
		}
		return false
	case List:
		items, ok := v.([]any)
		for _, item := range items {
			if t.Items != nil && !t.Items.holds(item) {
				return false
			}
		}
		return ok
	case Object:
		_, ok := v.(map[string]any)
		return ok
	}
	return true
}

// describe is a value for the middle of a sentence.
func describe(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("`%v`", v)
	}
	return "`" + clipped(string(text)) + "`"
}

// clipped is text for the middle of a sentence.
func clipped(s string) string { return sweep.Clip(s, 60) }
