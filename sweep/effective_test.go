package sweep

import (
	"os"
	"path/filepath"
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
`), WithSet("parameters.z.values=[7]", "name=n"), WithSeed(9))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"parameters":{"x":{"values":[1,16,"1",1.5,true,"\u003ca\"b"]},"z":{"values":[7]}},` +
		`"method":"grid","metric":{"name":"y"},"command":["run","${args}"],"name":"n","seed":9}`
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

// The effective spec describes the sweep itself: read as a spec it gives the same space, seed and trials.
func TestEffectiveRunsTheSame(t *testing.T) {
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d good specs found (%v)", len(files), err)
	}
	same := func(name string, src []byte, with ...Option) {
		spec, err := Parse(name, src, with...)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(name, spec.Effective)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, spec.Effective)
			return
		}
		if string(again.Effective) != string(spec.Effective) {
			t.Errorf("%s: effective is\n%s, and of that\n%s", name, spec.Effective, again.Effective)
		}
		spec.Warnings, again.Warnings = nil, nil // they name lines
		if got, want := describe(t, again), describe(t, spec); got != want || again.Seed != spec.Seed {
			t.Errorf("%s: of %s comes, by seed %d,\n%s, want, by seed %d,\n%s", name, spec.Effective, again.Seed, got,
				spec.Seed, want)
		}
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, with := range [][]Option{nil, {WithSeed(1<<64 - 1)}, {WithSet("seed=12")}} {
			same(filepath.Base(file), src, with...)
		}
	}
	same("floats.yaml", []byte(`
method: random
parameters:
  a: {min: 0.0, max: 1.0}
  b: {min: 0, max: 1}
  c: {distribution: q_uniform, min: 0., max: +1e1, q: .5}
  d: {values: [1.0, 2, 1e3, 1_000.0, 0x10, "1.0", !!float 3, -0.0]}
  e: {min: 1e-5, max: 1e22, distribution: log_uniform_values}
command: [run, 1.50, 1e-5, 2e3, 1.0, "${args}"]
`))
}
