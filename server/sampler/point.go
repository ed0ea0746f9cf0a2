package sampler

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/kaon-sweep/kaon/sweep"
)

// errRefused is why a point of the space's values is none of the space.
var errRefused = errors.New("the spec's `constraints` or `exclude` refuse it")

// pointOf is the point that the program's parameters are, in the order of the spec. Those in groups are nested, or have
// dots in their names. Parameters with one value need not be named, nor those that others switch off. The error of a
// point whose values together are refused is errRefused.
func pointOf(spec *sweep.Spec, text json.RawMessage) (sweep.Point, error) {
	var given sweep.Point
	if err := json.Unmarshal(text, &given); err != nil {
		return nil, fmt.Errorf("it is no object of parameters: %w", err)
	}
	space := spec.Space
	values, there, ok := space.Disassemble(space.Nested(given))
	if !ok {
		return nil, explain(space, given)
	}
	dimensions := space.Dimensions()
	if name, ok := unknown(dimensions, given); ok {
		return nil, fmt.Errorf("the spec has no parameter `%s`", name)
	}
	point, active, ok := space.Assemble(values)
	if !ok {
		return nil, errRefused
	}
	for k, d := range dimensions {
		if (active == nil || active[k]) && !there[k] && len(d.Values) != 1 {
			return nil, fmt.Errorf("it lacks the parameter `%s`", d.Name)
		}
	}
	return point, nil
}

// unknown is the name of a value that is none of a parameter, nor in one: a mapping may be a value, too.
func unknown(dimensions []sweep.Dimension, given sweep.Point) (name string, ok bool) {
	names, groups := map[string]bool{}, map[string]bool{}
	for _, d := range dimensions {
		names[d.Name] = true
		for i, c := range d.Name {
			if c == '.' {
				groups[d.Name[:i]] = true
			}
		}
	}
	for _, p := range given.Flat() {
		_, empty := p.Value.(sweep.Point)
		known := names[p.Name] || empty && groups[p.Name]
		for i, c := range p.Name {
			known = known || c == '.' && names[p.Name[:i]]
		}
		if !known {
			return p.Name, true
		}
	}
	return "", false
}

// explain finds the parameter whose value is outside the space.
func explain(space *sweep.Space, given sweep.Point) error {
	dimensions := space.Dimensions()
	for _, set := range space.Zipped() {
		for _, k := range set {
			dimensions[k] = space.Member(k)
		}
	}
	for _, d := range dimensions {
		v, ok := given.Lookup(d.Name)
		if !ok {
			continue
		}
		if _, _, ok := d.Cell(v); !ok {
			text, _ := json.Marshal(v) // it was read from JSON
			return fmt.Errorf("`%s` cannot be %s (%s)", d.Name, text, d.Distribution)
		}
	}
	return errors.New("the space has no such point: parameters of one `zip` have values of one place")
}
