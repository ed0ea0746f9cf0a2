package sweep

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// values are any values a spec can hold, nested a few levels deep.
func values(depth int) *rapid.Generator[Value] {
	kinds := []*rapid.Generator[Value]{
		rapid.Map(rapid.Int64(), func(v int64) Value { return v }),
		rapid.Map(rapid.Float64(), func(v float64) Value { return v }),
		rapid.Map(rapid.String(), func(v string) Value { return v }),
		rapid.Map(rapid.Bool(), func(v bool) Value { return v }),
		rapid.Just[Value](nil),
	}
	if depth > 0 {
		kinds = append(kinds,
			rapid.Map(rapid.SliceOfN(values(depth-1), 0, 3), func(v []Value) Value { return v }),
			rapid.Map(points(depth-1), func(p Point) Value { return p }))
	}
	return rapid.OneOf(kinds...)
}

func points(depth int) *rapid.Generator[Point] {
	return rapid.Custom(func(t *rapid.T) Point {
		p := Point{}
		for range rapid.IntRange(0, 4).Draw(t, "parameters") {
			p = append(p, Param{rapid.String().Draw(t, "name"), values(depth).Draw(t, "value")})
		}
		return p
	})
}

// A point written and read back is the same point: order, nesting, and whether a number is an integer.
func TestPointRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := points(2).Draw(r, "point")
		text, err := json.Marshal(p)
		if err != nil {
			r.Fatal(err)
		}
		var back Point
		if err := json.Unmarshal(text, &back); err != nil {
			r.Fatalf("%v in %s", err, text)
		}
		if !reflect.DeepEqual(p, back) {
			r.Fatalf("%#v came back as %#v through %s", p, back, text)
		}
	})
}

func TestPointJSONOfOddFloats(t *testing.T) {
	p := Point{{"z", math.Copysign(0, -1)}, {"big", 1e300}, {"whole", 2.0}, {"nan", math.NaN()},
		{"inf", math.Inf(-1)}}
	if got, want := asJSON(t,
		p), `{"z":-0.0,"big":1e+300,"whole":2.0,"nan":"NaN","inf":"-Infinity"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestPointRefusesBadJSON(t *testing.T) {
	for _, text := range []string{``, `[]`, `1`, `{"a":}`, `{"a":1`, `{"a":[1,}`} {
		var p Point
		if err := p.UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%q was read as %v", text, p)
		}
	}
}

func TestLookupAndFlat(t *testing.T) {
	p := Point{{"a.b", int64(1)}, {"g", Point{{"x", 2.0}, {"h", Point{{"y", "z"}}}}}, {"e", Point{}}}
	for name, want := range map[string]Value{"a.b": int64(1), "g.x": 2.0, "g.h.y": "z"} {
		if got, ok := p.Lookup(name); !ok || got != want {
			t.Errorf("%s is %v, %v", name, got, ok)
		}
	}
	for _, name := range []string{"a", "g.y", "g.x.y", ""} {
		if got, ok := p.Lookup(name); ok {
			t.Errorf("%q is %v", name, got)
		}
	}
	if got := asJSON(t, p.Flat()); got != `{"a.b":1,"g.x":2.0,"g.h.y":"z","e":{}}` {
		t.Error(got)
	}
}

// What Python 3 prints for the same values with str() and json.dumps.
func TestFormatIsPythons(t *testing.T) {
	for _, c := range []struct {
		v         Value
		str, dump string
	}{
		{1e-5, "1e-05", "1e-05"}, {0.0001, "0.0001", "0.0001"}, {1e16, "1e+16", "1e+16"},
		{123456789012345.0, "123456789012345.0", "123456789012345.0"},
		{1.0, "1.0", "1.0"}, {-0.1, "-0.1", "-0.1"}, {1e22, "1e+22", "1e+22"}, {5e-324, "5e-324", "5e-324"},
		{math.NaN(), "nan", "NaN"}, {math.Inf(-1), "-inf", "-Infinity"}, {int64(7), "7", "7"},
		{true, "True", "true"}, {nil, "None", "null"},
		{"it's", "it's", `"it's"`},
		{[]Value{"it's", `"`, "a\n\x00é\\"}, `["it's", '"', 'a\n\x00é\\']`,
			`["it's", "\"", "a\n\u0000\u00e9\\"]`},
		{"😀", "😀", `"\ud83d\ude00"`},
		{Point{{"a", []Value{int64(1), false}}}, "{'a': [1, False]}", `{"a": [1, false]}`},
		{Point{}, "{}", "{}"},
		{[]Value{`'"`}, `['\'"']`, `["'\""]`},
	} {
		if got := Format(c.v); got != c.str {
			t.Errorf("str: %s, want %s", got, c.str)
		}
		if got := string(pythonJSON(c.v)); got != c.dump {
			t.Errorf("json.dumps: %s, want %s", got, c.dump)
		}
	}
}
