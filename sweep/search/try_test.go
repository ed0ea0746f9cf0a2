package search

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/sweep"
)

func parsed(t interface{ Fatal(...any) }, src string) *sweep.Spec {
	spec, err := sweep.Parse("s.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// walk is all points of a sweep, as JSON, in the order of the trials.
func walk(t interface{ Fatal(...any) }, spec *sweep.Spec) (all []string) {
	m, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	for i := range spec.Trials {
		p, ok := m.Ask(i)
		if !ok {
			t.Fatal("no point for trial ", i)
		}
		text, _ := json.Marshal(p)
		all = append(all, string(text))
		if m.Replay() {
			m.Tell(i, Outcome{State: sweep.Succeeded, Value: float64(i % 7), Known: true})
		}
	}
	return all
}

// A search that walks each point once comes to those that are tried first once, too, and else keeps its order.
func TestTriedPointsAreNotRepeated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		head := rapid.SampledFrom([]string{"method: grid", "method: grid\norder: shuffled",
			"method: random\nunique: true\nrun_cap: 1000"}).Draw(t, "method")
		a, b := rapid.IntRange(1, 9).Draw(t, "a"), rapid.IntRange(2, 7).Draw(t, "b")
		src := fmt.Sprintf("%s\nprogram: x\nseed: %d\nparameters:\n  a: {min: 1, max: %d}\n  b: {min: 1, max: %d}\n"+
			"  c: {distribution: q_uniform, min: 0, max: 3, q: 1, when: b > 1}\n  d: {values: [x, 1, 1.5]}\n",
			head, rapid.IntRange(0, 99).Draw(t, "seed"), a, b)
		if rapid.Bool().Draw(t, "rules") {
			src += "constraints: [a + b > 2]\nexclude: [{a: 1, d: x}, {b: 2, c: [0, 1]}]\n"
		}
		if rapid.Bool().Draw(t, "zip") {
			src += fmt.Sprintf("  e: {min: 1, max: 3}\nzip: [[d, e]]\n")
			src = movedUp(src)
		}
		plain := parsed(t, src)
		order := walk(t, plain)
		var try []string
		for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(order)-1), 1, min(5, len(order)), rapid.ID).Draw(t, "try") {
			try = append(try, order[i])
		}
		list, _ := json.Marshal(jsons(try))
		with := parsed(t, src+"try: "+string(list)+"\n")
		got := walk(t, with)
		want := append([]string(nil), try...)
		for _, p := range order {
			if !contains(try, p) {
				want = append(want, p)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%s\ntried %v\ngot  %v\nwant %v", src, try, got, want)
		}
	})
}

// movedUp puts a parameter that was appended behind the others, where the mapping of parameters is.
func movedUp(src string) string {
	var head, tail string
	const line = "  e: {min: 1, max: 3}\n"
	i := len(src) - len(line) - len("zip: [[d, e]]\n")
	head, tail = src[:i], src[i+len(line):]
	const after = "  d: {values: [x, 1, 1.5]}\n"
	for at := range head {
		if len(head) >= at+len(after) && head[at:at+len(after)] == after {
			return head[:at+len(after)] + line + head[at+len(after):] + tail
		}
	}
	return src
}

func jsons(texts []string) (all []json.RawMessage) {
	for _, text := range texts {
		all = append(all, json.RawMessage(text))
	}
	return all
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// Every method begins with the points of `try`, learns of them, and then goes on by itself.
func TestEveryMethodBeginsWithTriedPoints(t *testing.T) {
	for _, method := range []string{"random", "sobol", "halton", "lhs", "tpe", "cma-es"} {
		spec := parsed(t, "method: "+method+`
run_cap: 40
program: x
metric: {name: loss}
parameters: {lr: {distribution: log_uniform_values, min: 1e-4, max: 1, default: 0.01}, n: {min: 1, max: 9}}
try: [{lr: 0.5, n: 3}, {n: 7}, {}]
`)
		all := walk(t, spec)
		if all[0] != `{"lr":0.5,"n":3}` || all[1] != `{"lr":0.01,"n":7}` || len(spec.Try) != 3 {
			t.Errorf("%s begins with %v", method, all[:3])
		}
		seen := map[string]bool{}
		for _, p := range all {
			seen[p] = true
		}
		if len(seen) < 38 {
			t.Errorf("%s: %d different points of 40", method, len(seen))
		}
		if again := walk(t, spec); fmt.Sprint(again) != fmt.Sprint(all) {
			t.Errorf("%s: the same spec gives other points", method)
		}
	}
}

// A learning method takes what it is told of a tried point for a result like any other.
func TestTriedPointsAreLearntFrom(t *testing.T) {
	spec := parsed(t, `
method: tpe
run_cap: 40
program: x
metric: {name: loss}
parameters: {x: {min: 0.0, max: 1.0}}
try: [{x: 0.123}]
`)
	m, _ := New(spec)
	for i := range 12 {
		p, _ := m.Ask(i)
		x := p[0].Value.(float64)
		m.Tell(i, Outcome{State: sweep.Succeeded, Value: (x - 0.123) * (x - 0.123), Known: true})
	}
	h := m.(*tried).Method.(*tpe).history
	if h.done[0].index != 0 || h.done[0].loss != 0 {
		t.Errorf("the best is trial %d with %v", h.done[0].index, h.done[0].loss)
	}
}

func TestPointsAreTakenApartAsTheyAreMade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := parsed(t, `
method: random
run_cap: 100
program: x
zip: [[a, b], [g.c, d, f]]
parameters:
  a: {values: [1, 1, 2]}
  b: {values: [x, y, y]}
  g: {parameters: {c: {min: 1, max: 4}}, when: a == 1}
  d: {values: [[1], [2], [3], [4]]}
  e: {min: 0.0, max: 1.0}
  f: {distribution: q_uniform, min: 0.5, max: 4.5, q: 1.0}
`)
		e := newEncoder(spec.Space)
		u := make([]float64, len(e.axes))
		for k := range u {
			u[k] = rapid.Float64Range(0.001, 0.999).Draw(t, "u")
		}
		if len(u) != 3 {
			t.Fatalf("%d coordinates", len(u))
		}
		p, _, ok := e.decode(u)
		back, _, known := e.encode(p)
		again, _, _ := e.decode(back)
		one, _ := json.Marshal(p)
		two, _ := json.Marshal(again)
		if !ok || !known || string(one) != string(two) {
			t.Fatalf("%s comes back as %s (%v %v)", one, two, ok, known)
		}
	})
}
