package sampler

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// pointOf is the point that the program's parameters are, in the order of the spec. Parameters with one value need
// not be named, nor those that others switch off.
func pointOf(spec *sweep.Spec, text json.RawMessage) (sweep.Point, error) {
	var given sweep.Point
	if err := json.Unmarshal(text, &given); err != nil {
		return nil, fmt.Errorf("it is no object of parameters: %w", err)
	}
	space := spec.Space
	values, there, ok := space.Disassemble(given)
	if !ok {
		return nil, explain(space, given)
	}
	dimensions := space.Dimensions()
	for _, p := range given.Flat() {
		if !slices.ContainsFunc(dimensions, func(d sweep.Dimension) bool { return d.Name == p.Name }) {
			return nil, fmt.Errorf("the spec has no parameter `%s`", p.Name)
		}
	}
	point, active, ok := space.Assemble(values)
	if !ok {
		return nil, fmt.Errorf("the spec's `constraints` or `exclude` refuse it")
	}
	for k, d := range dimensions {
		if (active == nil || active[k]) && !there[k] && len(d.Values) != 1 {
			return nil, fmt.Errorf("it lacks the parameter `%s`", d.Name)
		}
	}
	return point, nil
}

// explain finds the parameter whose value is outside the space.
func explain(space *sweep.Space, given sweep.Point) error {
	for _, d := range space.Dimensions() {
		v, ok := given.Lookup(d.Name)
		if !ok {
			continue
		}
		if _, _, ok := d.Cell(v); !ok {
			text, _ := json.Marshal(v) // it was read from JSON
			return fmt.Errorf("`%s` cannot be %s (%s)", d.Name, text, d.Distribution)
		}
	}
	return fmt.Errorf("the space has no such point")
}
