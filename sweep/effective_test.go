package sweep

import (
	"slices"
	"strings"
	"testing"
)

// The effective spec is the file as it counts: aliases followed, what was set in place, numbers as numbers.
func TestEffective(t *testing.T) {
	spec, err := Parse("s.yaml", []byte(`
parameters:
  x: &grid {values: [1, 0x10, "1", 1.5, true, "<a\"b"]}
  z: *grid
method: grid
metric: {name: y}
command: [run, "${args}"]
`), WithSet("parameters.z.values=[7]", "name=n"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"parameters":{"x":{"values":[1,16,"1",1.5,true,"\u003ca\"b"]},"z":{"values":[7]}},` +
		`"method":"grid","metric":{"name":"y"},"command":["run","${args}"],"name":"n"}`
	if string(spec.Effective) != want {
		t.Errorf("effective is\n%s, want\n%s", spec.Effective, want)
	}
}

// A long text that aliases repeat is not written out without end.
func TestEffectiveBound(t *testing.T) {
	long := &node{text: strings.Repeat("a", 1<<20)}
	if n := len((&node{kind: list,
		items: slices.Repeat([]*node{long}, 1000)}).effective(nil)); n > maxEffective+2<<20 {
		t.Errorf("effective has %d bytes", n)
	}
}
