package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

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
