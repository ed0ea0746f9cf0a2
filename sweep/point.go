package sweep

import "strings"

// Value is one parameter's value: int64, float64, string, bool, nil, []Value, or a Point for a nested group
// or a mapping. Integers and floats are kept apart because W&B infers the type from the literal.
type Value any

// Param is one named value of a point.
type Param struct {
	Name  string
	Value Value
}

// Point is one choice of every parameter, in the order of the spec. It marshals to a JSON object in that
// order, and back without loss. Parameters switched off by their `when` are absent.
type Point []Param

// Lookup finds a value by name; a dot steps into a nested group. A parameter whose own name has dots is
// found first.
func (p Point) Lookup(name string) (Value, bool) {
	for _, param := range p {
		if param.Name == name {
			return param.Value, true
		}
	}
	for _, param := range p {
		rest, inside := strings.CutPrefix(name, param.Name+".")
		if group, ok := param.Value.(Point); ok && inside {
			if v, ok := group.Lookup(rest); ok {
				return v, true
			}
		}
	}
	return nil, false
}

// Flat is the point with nested groups unfolded into dotted names: optimizer.lr.
func (p Point) Flat() Point {
	return p.flatten(make(Point, 0, len(p)), "")
}

func (p Point) flatten(into Point, prefix string) Point {
	for _, param := range p {
		if group, ok := param.Value.(Point); ok && len(group) > 0 {
			into = group.flatten(into, prefix+param.Name+".")
			continue
		}
		into = append(into, Param{Name: prefix + param.Name, Value: param.Value})
	}
	return into
}

// EnvName is the environment variable of a parameter: KAON_PARAM_ and the name in upper case, anything but
// ASCII letters and digits as _.
func EnvName(param string) string {
	return "KAON_PARAM_" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, param)
}
