package search

import (
	"encoding/json"
	"math/rand/v2"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/sweep"
)

func spec(t testing.TB, text string) *sweep.Spec {
	t.Helper()
	s, err := sweep.Parse("test.yaml", []byte(text), sweep.WithSeed(3))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// specs are one of each method, plain and with conditions.
var specs = map[string]string{
	"grid":   "method: grid\nprogram: x\nparameters: {a: {min: 1, max: 20}, b: {values: [x, y, z]}}",
	"random": "method: random\nprogram: x\nrun_cap: 60\nparameters: {a: {min: 0.0, max: 1.0}, b: {values: [x, y, z]}}",
	"conditional grid": `{method: grid, program: x, parameters: {a: {min: 1, max: 20}, b: {values: [x, y], when: a > 5}},
		constraints: ["a % 2 == 0"]}`,
	"constrained random": `{method: random, program: x, run_cap: 60, parameters: {a: {min: 0.0, max: 1.0}, b: {min: 0.0, max: 1.0}},
		constraints: ["a + b < 0.5"]}`,
	"shuffled grid": "method: grid\norder: shuffled\nprogram: x\nparameters: {a: {min: 1, max: 20}, b: {values: [x, y, z]}}",
	"sobol":         `{method: sobol, run_cap: 60, ` + everything + `}`,
	"halton":        `{method: halton, run_cap: 60, ` + everything + `}`,
	"lhs":           `{method: lhs, run_cap: 60, ` + everything + `}`,
}

// everything is a space with all that a space can have.
const everything = `program: x, parameters: {a: {min: 0.0, max: 1.0}, b: {values: [x, y, z]}, c: {value: 3},
	d: {distribution: log_uniform_values, min: 1e-5, max: 1}, e: {distribution: normal}, f: {min: 1, max: 9, when: b == "x"},
	g: {parameters: {h: {distribution: q_uniform, min: 0.0, max: 1.0, q: 0.25}, i: {values: [8, 16, 32]}}, when: b != "z"},
	j: {values: [p, q], probabilities: [0, 1]}, k: {min: 2.0, max: 2.0}, l: {values: [[64], [64, 64], [64, [8]]]},
	m: {values: [{n: 1}, {n: [2]}], probabilities: [0.5, 0.5]}, o: {value: [{p: 1}]}}, constraints: ["a < 0.5 or d > 0.001"]`

func text(t rapid.TB, p sweep.Point) string {
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A method that needs no replay gives the same points whatever the order of asking, after a restart, and
// whatever it was told in between: that is what lets a scheduler resume from an index alone.
func TestAskDependsOnTheIndexOnly(t *testing.T) {
	for name, source := range specs {
		t.Run(name, func(t *testing.T) {
			s := spec(t, source)
			rapid.Check(t, func(r *rapid.T) {
				first, err := New(s)
				if err != nil || first.Replay() {
					r.Fatalf("%v, replay %v", err, first.Replay())
				}
				want := make([]string, s.Trials)
				for i := range want {
					p, ok := first.Ask(i)
					if !ok {
						r.Fatalf("no point %d of %d", i, s.Trials)
					}
					want[i] = text(r, p)
				}
				again, err := New(spec(t, source))
				if err != nil {
					r.Fatal(err)
				}
				for _, i := range rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "order"), 0)).Perm(s.Trials) {
					p, ok := again.Ask(i)
					if !ok || text(r, p) != want[i] {
						r.Fatalf("point %d is %v after a restart, was %s", i, p, want[i])
					}
					again.Tell(i, Outcome{State: sweep.Succeeded, Value: float64(i), Known: true})
				}
			})
		})
	}
}

func TestAskOutsideIsRefused(t *testing.T) {
	for name, source := range specs {
		m, err := New(spec(t, source))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := m.Ask(-1); ok {
			t.Errorf("%s has a point -1", name)
		}
	}
	m, _ := New(spec(t, specs["grid"]))
	if p, ok := m.Ask(60); ok {
		t.Errorf("the grid of 60 has a point 60: %v", p)
	}
}

func TestNewRefusesUnknownMethods(t *testing.T) {
	s := *spec(t, specs["grid"])
	s.Method = "oracle"
	if _, err := New(&s); err == nil {
		t.Error("an unknown method was made")
	}
}

// A million trials are no more memory than one.
func TestAMillionTrialsHoldNoPoints(t *testing.T) {
	m, err := New(spec(t, "method: random\nprogram: x\nrun_cap: 1000000\nparameters: {a: {min: 0.0, max: 1.0}, b: {values: [x, y]}}"))
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 1_000_000 {
		if _, ok := m.Ask(i); !ok {
			t.Fatal(i)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	runtime.KeepAlive(m)
}
