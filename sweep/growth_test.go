package sweep

import (
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// allocated is the bytes that Parse asks for while it reads a text: what it does over and over shows there.
func allocated(text string) (bytes uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = Parse("x.yaml", []byte(text))
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err
}

// Twice as large a spec costs about twice as much to check, along every list that grows; what has a bound says so.
func TestAttackCostGrowsWithTheSpec(t *testing.T) {
	repeated := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, strings.ReplaceAll(format, "#", "%[1]d"), i)
		}
		return b.String()
	}
	const head, one = "method: random\nprogram: x\n", "parameters: {a: {min: 0, max: 1000000}}\n"
	for name, c := range map[string]struct {
		n       int
		text    func(n int) string
		refused string // part of the error; empty: it is taken
	}{
		"constraints": {500, func(n int) string {
			return head + one + "constraints:\n" + repeated(n, "- a < # + 2000000\n")
		}, ""},
		"constraints of many": {1000, func(n int) string {
			return head + "parameters:\n" + repeated(n, "  p#: {min: 0, max: 1}\n") + "constraints: p0 < 2\n"
		}, ""},
		"constraints that nothing holds": {1000, func(n int) string {
			return head + "parameters:\n" + repeated(n, "  p#: {min: 0, max: 1}\n") + "constraints: p0 > 2\n"
		}, "random points in a row"},
		"a grid that nothing holds": {200, func(n int) string {
			return "method: grid\nprogram: x\nparameters:\n  a: {min: 1, max: 10000}\n" +
				repeated(n, "  p#: {value: 1}\n") + "constraints: a < 0\n"
		}, "no point of the grid"},
		"try":         {1000, func(n int) string { return head + one + "try:\n" + repeated(n, "- {a: #}\n") }, ""},
		"exclude":     {2000, func(n int) string { return head + one + "exclude:\n" + repeated(n, "- {a: #}\n") }, ""},
		"one exclude": {2000, func(n int) string { return head + one + "exclude: {a: [" + repeated(n, "#, ") + "]}\n" }, ""},
		"values that are excluded": {1000, func(n int) string {
			return head + "parameters: {a: {values: [" + repeated(n, "#, ") + "z]}}\nexclude:\n" + repeated(n, "- {a: #}\n")
		}, ""},
		"conditions": {1000, func(n int) string {
			return head + "parameters:\n  p: {min: 0, max: 9}\n" + repeated(n, "  p#: {min: 0, max: 9, when: p > 1}\n")
		}, ""},
		"resources": {1000, func(n int) string {
			return head + "parameters:\n" + repeated(n, "  p#: {min: 0, max: 1}\n") + "task: {resources: {cpus: p1 + 1}}\n"
		}, ""},
		"unknown keys": {3000, func(n int) string {
			return "{method: random, program: x, parameters: {a: {value: 1}}, " + repeated(n, "unknown#: 1, ") + "}\n"
		}, "unknown key `unknown0`"},
		"keys of a parameter": {3000, func(n int) string {
			return head + "parameters: {a: {" + repeated(n, "x#: 1, ") + "}}\n"
		}, "and 2980 more"},
		"texts with colons": {5000, func(n int) string {
			return head + "parameters: {a: {values: [" + repeated(n, "a:#, ") + "]}}\n"
		}, ""},
		"words": {1000, func(n int) string {
			return "method: random\nparameters:\n" + repeated(n, "  p#: {min: 0, max: 1}\n") +
				"command:\n- x\n" + repeated(n, "- ${param.p#}\n")
		}, ""},
	} {
		few, err := allocated(c.text(c.n))
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %.500v", name, err)
		}
		many, _ := allocated(c.text(2 * c.n))
		if many > 3*few+4<<20 {
			t.Errorf("%s: %d take %d KB, twice as many %d KB", name, c.n, few>>10, many>>10)
		}
	}
}

// What no list of the format may hold more of is told with its bound, before anything is made of it.
func TestAttackBoundsAreTold(t *testing.T) {
	many := strings.Repeat
	const one = "parameters: {a: {min: 0, max: 1}}\n"
	wide := "method: random\nprogram: x\nparameters:\n"
	for i := range 500 {
		wide += fmt.Sprintf("  p%d: {min: 0, max: 1}\n", i)
	}
	long := many("x", 300_000)
	for name, c := range map[string]struct{ text, told string }{
		"constraints": {"method: random\nprogram: x\n" + one + "constraints:\n" + many("- a < 2\n", 5000),
			"more than 1000 expressions"},
		"try": {wide + "try:\n" + many("- {p1: 0.5}\n", 10_000), "1000000 are allowed: try at most 2000 points"},
		"long words": {"method: random\nparameters: {a: {value: &t " + long + "}}\n" +
			"command: [" + many("*t, ", 20) + "\"${args}\"]\n",
			"one word has 300000 bytes; a program can be given 131071"},
		"many words": {"method: random\n" + one + "command: [" + many("env, ", 5000) + "\"${args}\"]\n", "4096 are allowed"},
		"tries that constraints refuse": {"method: random\nprogram: x\nrun_cap: 9999\n" +
			"parameters: {a: {min: 0, max: 1000000}, b: {min: 0, max: 1000000}}\n" +
			"constraints: b < 900\ntry:\n" + numbered(5000), "too many draws were needed"},
	} {
		bytes, err := allocated(c.text)
		if err == nil || !strings.Contains(err.Error(), c.told) {
			t.Errorf("%s: %.300v", name, err)
		}
		if bytes > 1<<30 {
			t.Errorf("%s: %d MB were made", name, bytes>>20)
		}
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "- {a: %d}\n", i)
	}
	return b.String()
}

// Every point to try is there, or the spec is refused: where the bound of their cost is crossed within a point, that
// point is whole, and the next one is refused.
func TestTriedPointsAreAllThereOrRefused(t *testing.T) {
	const head = "method: random\nprogram: x\nrun_cap: 9999\n"
	for name, c := range map[string]struct {
		text, refused string
		n             int
	}{
		"tied ranges": {head + "parameters: {a: {min: 1, max: 100000}, b: {min: 1, max: 100000}}\n" +
			"zip: [[a, b]]\ntry:\n" + numbered(251)[len("- {a: 0}\n"):], "", 250},
		"tied lists": {head + "parameters: {a: {values: [" + strings.Repeat("0, ", 40_000) + "1]},\n" +
			"  b: {min: 0, max: 40000}, c: {min: 0, max: 1000}}\nzip: [[a, b]]\ntry:\n" +
			strings.ReplaceAll(numbered(900), "a:", "a: 1, c:"), "too many draws were needed", 0},
	} {
		spec, err := Parse("x.yaml", []byte(c.text))
		switch {
		case c.refused != "":
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: %.300v", name, err)
			}
		case err != nil:
			t.Errorf("%s: %.300v", name, err)
		case len(spec.Try) != c.n:
			t.Errorf("%s: %d points are tried first, not %d", name, len(spec.Try), c.n)
		}
	}
}

// What an earlier version took, before there were bounds, is read back and runs, as long as its macros can be quoted.
func TestAcceptedSpecsAreReadBeyondBounds(t *testing.T) {
	const head, one = "method: random\nrun_cap: 2\n", "parameters: {a: {min: 0, max: 1}}\n"
	many := strings.Repeat
	wide := head + "program: x\nparameters:\n"
	for i := range 500 {
		wide += fmt.Sprintf("  p%d: {min: 0, max: 9999}\n", i)
	}
	grid := "method: grid\nprogram: x\nparameters: {a: {min: 1, max: 800}, b: {min: 1, max: 800}}\nconstraints:\n" +
		many("- a < b + 900\n", 8)
	for name, c := range map[string]struct{ text, refused string }{
		"constraints": {head + "program: x\n" + one + "constraints:\n" + many("- a < 2\n", 1001),
			"more than 1000 expressions"},
		"characters": {head + "program: x\n" + one + "constraints:\n" + many("- a < 2"+many(" + 0", 450)+"\n", 150),
			"characters together"},
		"names": {wide + "constraints:\n" + many("- len($env) > 1\n", 201), "name more than 100000 parameters"},
		"try":   {wide + "try:\n" + triedPoints(2100), "are too many values to try first"},
		"grid":  {grid, "counting stops there"},
		"words": {head + one + "command: [./x, " + many("w, ", 5000) + "\"${args}\"]\n", "4096 are allowed"},
		"shell": {head + one + "command: x ${args}" + many(" w", 4500) + "\n", "too long and winding"},
	} {
		if _, err := Parse("x.yaml", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %.300v", name, err)
		}
		spec, err := Parse("x.yaml", []byte(c.text), WithAccepted())
		if err != nil {
			t.Errorf("%s: accepted before: %.300v", name, err)
			continue
		}
		if _, err := spec.Command.Expand(Vars{Params: Point{{Name: "a", Value: 0.5}}}); err != nil {
			t.Errorf("%s: %.300v", name, err)
		}
	}
	_, err := Parse("x.yaml", []byte(head+one+"command: cat <<< $'${param.a}'; "+many("w ", 5000)+"\n"), WithAccepted())
	if err == nil {
		t.Error("a macro that cannot be quoted is taken")
	}
}

func triedPoints(n int) string {
	return strings.ReplaceAll(numbered(n), "a:", "p1:")
}

// A grid below the bound of combinations is counted whose parameters each have a condition of their own.
func TestConditionsOfFewValuesCostLittle(t *testing.T) {
	const chosen = "  optimizer: {values: [a, b, c]}\n"
	conditional := ""
	for i := range 9 {
		conditional += fmt.Sprintf("  p%d: {values: [1, 2, 3, 4], when: optimizer == %q}\n", i, string(rune('a'+i/3)))
	}
	for name, parameters := range map[string]string{"first": chosen + conditional, "last": conditional + chosen} {
		spec, err := Parse("x.yaml", []byte("method: grid\nprogram: x\nparameters:\n"+parameters))
		if err != nil {
			t.Errorf("%s: %.300v", name, err)
		} else if spec.Trials != 192 {
			t.Errorf("%s: %d trials, not 192", name, spec.Trials)
		}
	}
}

// What is noted of expressions decides as evaluating them for each combination does.
func TestNotedOutcomesAreTheOutcomes(t *testing.T) {
	spec, err := Parse("x.yaml", []byte(`method: grid
program: x
parameters:
  z: {values: [3, 1, 2]}
  o: {values: [a, b, c]}
  one: {value: 7}
  g:
    when: o != "b"
    parameters:
      u: {min: 1, max: 90}
      v: {values: [1, 2, x]}
  w: {values: [0, 5, 0], when: o == "a" or z > 2}
zip: [[z, w]]
constraints:
  - one + w < z + 9
  - g.u + z != 20
  - g.v != 2
  - len($env) > 1
`))
	if err != nil {
		t.Fatal(err)
	}
	noting, plain := spec.Space.odometerAt(new(big.Int)), spec.Space.odometerAt(new(big.Int))
	noting.noted()
	points := 0
	for i := range 2 * 3 * 3 * 90 * 3 { // twice around: by what was noted
		active, ok := noting.isPoint()
		other, is := plain.isPoint()
		if ok != is || !slices.Equal(active, other) {
			t.Fatalf("combination %d: %v %v, not %v %v", i, ok, active, is, other)
		}
		if ok {
			points++
		}
		noting.next()
		plain.next()
	}
	if points == 0 || noting.done >= plain.done {
		t.Errorf("%d points; %d evaluations, and without notes %d", points, noting.done, plain.done)
	}
}
