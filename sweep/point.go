package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

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

// MarshalJSON writes the point as an object in the spec's order. Floats always show a point, an exponent or
// a name, so they are read back as floats; NaN and infinities are the strings "NaN", "Infinity" and
// "-Infinity", which JSON has no numbers for.
func (p Point) MarshalJSON() ([]byte, error) {
	return appendValue(nil, p)
}

func appendValue(buf []byte, v Value) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(buf, "null"...), nil
	case bool:
		return strconv.AppendBool(buf, v), nil
	case int64:
		return strconv.AppendInt(buf, v, 10), nil
	case float64:
		return appendFloat(buf, v), nil
	case string:
		return appendString(buf, v)
	case []Value:
		buf = append(buf, '[')
		for i, item := range v {
			if i > 0 {
				buf = append(buf, ',')
			}
			var err error
			if buf, err = appendValue(buf, item); err != nil {
				return nil, err
			}
		}
		return append(buf, ']'), nil
	case Point:
		buf = append(buf, '{')
		for i, param := range v {
			if i > 0 {
				buf = append(buf, ',')
			}
			var err error
			if buf, err = appendString(buf, param.Name); err != nil {
				return nil, err
			}
			if buf, err = appendValue(append(buf, ':'), param.Value); err != nil {
				return nil, err
			}
		}
		return append(buf, '}'), nil
	}
	return nil, fmt.Errorf("write %T as a parameter's value: not one of the value types", v)
}

func appendString(buf []byte, s string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("write string: %w", err)
	}
	return append(buf, bytes.TrimSuffix(b.Bytes(), []byte{'\n'})...), nil
}

func appendFloat(buf []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(buf, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(buf, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(buf, `"-Infinity"`...)
	}
	return append(buf, pythonFloat(f)...)
}

// UnmarshalJSON reads an object, keeping its order. Numbers without point or exponent become int64, or
// float64 when they do not fit; objects become Points.
func (p *Point) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	v, err := decodeValue(dec)
	if err != nil {
		return fmt.Errorf("read point: %w", err)
	}
	switch v := v.(type) {
	case Point:
		*p = v
	case nil:
		*p = nil
	default:
		return fmt.Errorf("read point: a JSON object is needed, not %T", v)
	}
	return nil
}

func decodeValue(dec *json.Decoder) (Value, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Number:
		if i, err := strconv.ParseInt(t.String(), 10, 64); err == nil {
			return i, nil
		}
		return t.Float64()
	case json.Delim:
		if t == '[' {
			return decodeList(dec)
		}
		return decodeObject(dec)
	default:
		return t, nil
	}
}

func decodeList(dec *json.Decoder) (Value, error) {
	items := []Value{}
	for dec.More() {
		v, err := decodeValue(dec)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	_, err := dec.Token()
	return items, err
}

func decodeObject(dec *json.Decoder) (Value, error) {
	p := Point{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		v, err := decodeValue(dec)
		if err != nil {
			return nil, err
		}
		p = append(p, Param{Name: name.(string), Value: v})
	}
	_, err := dec.Token()
	return p, err
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
