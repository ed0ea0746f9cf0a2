package sweep

import (
	"encoding/json"
	"reflect"
	"testing"
)

// valueOf is PointValue the long way.
func valueOf(text []byte, name string) Value {
	var p Point
	if json.Unmarshal(text, &p) != nil {
		return nil
	}
	for _, one := range p.Flat() {
		if one.Name == name {
			return one.Value
		}
	}
	return nil
}

func TestPointValue(t *testing.T) {
	const text = ` {"a": 1, "b": {"c": -2.5e3, "d": {"e": "word"}, "": 7}, "b.c": 9, "list": [1, {"a": [2]}, "]"], "t": true, "f":false, "n": null, "big": 99999999999999999999, "a": 2, "nan": "NaN"} `
	for _, name := range []string{"a", "b.c", "b.d.e", "b.", "t", "f", "big", "nan", "none", "b.x", "b.c.d", "list.a", ""} {
		v, sure := PointValue([]byte(text), name)
		if want := valueOf([]byte(text), name); !sure || !reflect.DeepEqual(v, want) {
			t.Errorf("%q: %v (%T), sure %v, want %v (%T)", name, v, v, sure, want, want)
		}
	}
	for _, name := range []string{"b", "list", "n"} { // what has a value that is none of these is read whole
		if _, sure := PointValue([]byte(text), name); sure {
			t.Errorf("%q: sure", name)
		}
	}
	for _, text := range []string{``, `[]`, `{"a\u0062": 1}`, `{"ä": 1}`, `{"x": "\n"}`, `{"x": 1`, `{"x" 1}`, `{"x": }`, `{"x": 1} 2`, `{"a": 0x1}`, `{"a": Infinity}`, `{"a": 1_0}`} {
		if v, sure := PointValue([]byte(text), "a"); sure {
			t.Errorf("%s: %v", text, v)
		}
	}
}

// Of every JSON object what it is sure of is what the long way finds.
func FuzzPointValue(f *testing.F) {
	f.Add([]byte(`{"a": {"b": 1.5}, "a.b": 2, "c": []}`), "a.b")
	f.Add([]byte(`{"a": {}, "a.b": "x"}`), "a")
	f.Add([]byte(`{"a":-0,"":{"":1e400}}`), ".")
	f.Fuzz(func(t *testing.T, text []byte, name string) {
		v, sure := PointValue(text, name)
		if !sure || json.Unmarshal(text, new(Point)) != nil { // a number that none can be elsewhere
			return
		}
		if want := valueOf(text, name); !reflect.DeepEqual(v, want) {
			t.Errorf("%q of %s: %#v, want %#v", name, text, v, want)
		}
	})
}
