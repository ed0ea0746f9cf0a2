package sweep

// Value is one parameter's value: int64, float64, string, bool, nil, []Value, or a Point for a nested group.
// Integers and floats are kept apart because W&B infers the type from the literal.
type Value any

// Param is one named value of a point.
type Param struct {
	Name  string
	Value Value
}

// Point is one choice of every parameter, in the order of the spec. It marshals to a JSON object in that
// order. Parameters switched off by their `when` are absent.
type Point []Param
