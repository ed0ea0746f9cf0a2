package sweep

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

func parse(t testing.TB, text string, opts ...Option) *Spec {
	t.Helper()
	s, err := Parse("test.yaml", []byte(text), opts...)
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	return s
}

// gridSpec is a random grid and the number of its points.
func gridSpec(t *rapid.T) (text string, size *big.Int) {
	size = big.NewInt(1)
	b := strings.Builder{}
	b.WriteString("method: grid\nrun_cap: 1\nprogram: x\nparameters:\n")
	for i := range rapid.IntRange(1, 5).Draw(t, "parameters") {
		n := rapid.IntRange(1, 6).Draw(t, "choices")
		switch rapid.IntRange(0, 3).Draw(t, "form") {
		case 0:
			fmt.Fprintf(&b, "  p%d: {min: -2, max: %d}\n", i, n-3)
		case 1:
			fmt.Fprintf(&b, "  p%d: {distribution: q_uniform, min: 0.0, max: %g, q: 0.1}\n", i, float64(n)/10)
		case 2:
			fmt.Fprintf(&b, "  p%d: {parameters: {in: {min: 1, max: %d}, const: {value: 1}}}\n", i, n)
		default:
			fmt.Fprintf(&b, "  p%d: {values: [%s]}\n", i, strings.Join(strings.Split("abcdef"[:n], ""), ", "))
		}
		size.Mul(size, big.NewInt(int64(n)))
	}
	return b.String(), size
}

// At is a bijection from 0..Size-1 onto the grid: as many different points as there are indices, and Size is
// the product of the choices.
func TestGridIsABijection(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text, want := gridSpec(r)
		s := parse(t, text)
		size, finite := s.Space.Size()
		if !finite || size.Cmp(want) != 0 {
			r.Fatalf("size %v, want %v", size, want)
		}
		seen := map[string]bool{}
		for i := range size.Int64() {
			seen[asJSON(t, s.Space.At(big.NewInt(i)))] = true
		}
		if int64(len(seen)) != size.Int64() {
			r.Fatalf("%d different points of %v in\n%s", len(seen), size, text)
		}
	})
}

// A grid with conditions has exactly the points of the product that hold them, absent parameters dropped,
// each once, in the same order.
func TestConditionalGridIsTheFilteredProduct(t *testing.T) {
	const text = `
method: grid
program: x
parameters:
  opt: {values: [sgd, adam, lion]}
  m: {min: 0, max: 14, when: opt == "sgd"}
  n: {min: 0, max: 4, when: m > 8}
  b: {min: 1, max: 12}
constraints: ["b % 3 != 0", "m + b < 20"]
`
	s := parse(t, text)
	var want []string
	for _, opt := range []string{"sgd", "adam", "lion"} {
		for m := range 15 {
			for n := range 5 {
				for b := 1; b <= 12; b++ {
					p, sgd := Point{{"opt", opt}}, opt == "sgd"
					hasN := sgd && m > 8
					if !sgd && m > 0 || !hasN && n > 0 || b%3 == 0 || sgd && m+b >= 20 {
						continue
					}
					if sgd {
						p = append(p, Param{"m", int64(m)})
					}
					if hasN {
						p = append(p, Param{"n", int64(n)})
					}
					want = append(want, asJSON(t, append(p, Param{"b", int64(b)})))
				}
			}
		}
	}
	size, _ := s.Space.Size()
	if s.Trials != len(want) || size.Int64() != int64(len(want)) {
		t.Fatalf("%d trials, size %v, want %d", s.Trials, size, len(want))
	}
	for i := range want {
		if got := asJSON(t, s.Space.At(big.NewInt(int64(i)))); got != want[i] {
			t.Fatalf("point %d is %s, want %s", i, got, want[i])
		}
	}
	if capped := parse(t, text+"run_cap: 200\n"); capped.Trials != 200 ||
		asJSON(t, capped.Space.At(big.NewInt(199))) != want[199] {
		t.Error("run_cap does not give the first points")
	}
}

// everything is one parameter of each distribution that Draw can be checked on.
const everything = `
method: random
program: x
parameters:
  int_uniform: {min: -3, max: 12}
  uniform: {min: -2.0, max: 5}
  q_uniform: {distribution: q_uniform, min: 3, max: 50, q: 7}
  log_uniform: {distribution: log_uniform, min: -3, max: 2}
  log_uniform_values: {distribution: log_uniform_values, min: 1e-4, max: 10}
  q_log_uniform: {distribution: q_log_uniform, min: 0, max: 5, q: 2}
  q_log_uniform_values: {distribution: q_log_uniform_values, min: 10, max: 300, q: 32}
  inv_log_uniform: {distribution: inv_log_uniform, min: -1, max: 4}
  inv_log_uniform_values: {distribution: inv_log_uniform_values, min: 0.01, max: 3}
  normal: {distribution: normal, mu: 5, sigma: 2}
  q_normal: {distribution: q_normal, mu: 5, sigma: 2, q: 0.5}
  log_normal: {distribution: log_normal, mu: 0.5, sigma: 0.4}
  q_log_normal: {distribution: q_log_normal, mu: 2, sigma: 0.4, q: 1}
  beta: {distribution: beta, a: 2, b: 3}
  q_beta: {distribution: q_beta, a: 2, b: 3, q: 0.25}
`

// Every draw lies in its bounds, is a multiple of its q, and is the same when drawn again, alone, in any
// order; other seeds and indices give other points.
func TestDrawsAreInBoundsAndRepeat(t *testing.T) {
	s := parse(t, everything)
	bounds := map[string][2]float64{
		"int_uniform": {-3, 12}, "uniform": {-2, 5}, "q_uniform": {3, 50},
		"log_uniform":        {math.Exp(-3), math.Exp(2)},
		"log_uniform_values": {1e-4, 10}, "q_log_uniform": {1, math.Exp(5)},
		"q_log_uniform_values": {10, 300},
		"inv_log_uniform":      {math.Exp(-4), math.Exp(1)}, "inv_log_uniform_values": {0.01, 3},
		"beta":   {0, 1},
		"q_beta": {0, 1},
	}
	steps := map[string]float64{"q_uniform": 7, "q_log_uniform": 2, "q_log_uniform_values": 32,
		"q_normal": 0.5, "q_log_normal": 1, "q_beta": 0.25}
	rapid.Check(t, func(r *rapid.T) {
		seed, index := rapid.Uint64().Draw(r, "seed"), rapid.IntRange(0, 1_000_000).Draw(r, "index")
		p, ok := s.Space.Draw(seed, index)
		again, _ := s.Space.Draw(seed, index)
		if !ok || !reflect.DeepEqual(p, again) {
			r.Fatal("a draw does not repeat")
		}
		if other, _ := s.Space.Draw(seed, index+1); reflect.DeepEqual(p, other) {
			r.Fatal("two indices give the same point")
		}
		if other, _ := s.Space.Draw(seed+1, index); reflect.DeepEqual(p, other) {
			r.Fatal("two seeds give the same point")
		}
		for _, param := range p {
			x := number(param.Value)
			if b, bounded := bounds[param.Name]; bounded && (x < b[0] || x > b[1]) {
				r.Fatalf("%s = %v is outside %v", param.Name, x, b)
			}
			if q, stepped := steps[param.Name]; stepped && math.Abs(x/q-math.Round(x/q)) > 1e-9 {
				r.Fatalf("%s = %v is no multiple of %v", param.Name, x, q)
			}
		}
	})
}

func number(v Value) float64 {
	if i, ok := v.(int64); ok {
		return float64(i)
	}
	return v.(float64)
}

// The draws have the mean and the standard deviation of their distribution in closed form, within five
// standard errors, and pass a Kolmogorov-Smirnov test against its distribution function.
func TestDrawsFollowTheirDistributions(t *testing.T) {
	const n = 20_000
	s := parse(t, everything)
	samples := map[string][]float64{}
	for i := range n {
		p, _ := s.Space.Draw(42, i)
		for _, param := range p {
			samples[param.Name] = append(samples[param.Name], number(param.Value))
		}
	}
	logUniform := func(low, high float64) (mean, variance float64, cdf func(float64) float64) {
		span := math.Log(high / low)
		mean = (high - low) / span
		return mean, (high*high-low*low)/2/span - mean*mean,
			func(x float64) float64 { return math.Log(x/low) / span }
	}
	check := func(name string, mean, variance float64, cdf func(float64) float64) {
		t.Helper()
		xs := samples[name]
		got, deviation := stat.MeanStdDev(xs, nil)
		if math.Abs(got-mean) > 5*math.Sqrt(variance/n) {
			t.Errorf("%s: mean %g, want %g", name, got, mean)
		}
		if math.Abs(deviation/math.Sqrt(variance)-1) > 0.05 {
			t.Errorf("%s: standard deviation %g, want %g", name, deviation, math.Sqrt(variance))
		}
		if cdf == nil {
			return
		}
		slices.Sort(xs)
		worst := 0.0
		for i, x := range xs {
			worst = max(worst, math.Abs(cdf(x)-(float64(i)+0.5)/n))
		}
		if worst > 1.95/math.Sqrt(n) { // critical value at p = 0.001
			t.Errorf("%s: distance %g from its distribution function", name, worst)
		}
	}
	check("int_uniform", 4.5, (16*16-1)/12.0, nil)
	check("uniform", 1.5, 49.0/12, func(x float64) float64 { return (x + 2) / 7 })
	for name, bounds := range map[string][2]float64{
		"log_uniform": {math.Exp(-3), math.Exp(2)}, "log_uniform_values": {1e-4, 10},
		"inv_log_uniform": {math.Exp(-4), math.Exp(1)}, "inv_log_uniform_values": {0.01, 3},
	} {
		mean, variance, cdf := logUniform(bounds[0], bounds[1])
		check(name, mean, variance, cdf)
	}
	normal := distuv.Normal{Mu: 5, Sigma: 2}
	check("normal", 5, 4, normal.CDF)
	check("q_normal", 5, 4+0.25/12, nil)
	logNormal := distuv.LogNormal{Mu: 0.5, Sigma: 0.4}
	check("log_normal", logNormal.Mean(), logNormal.Variance(), logNormal.CDF)
	beta := distuv.Beta{Alpha: 2, Beta: 3}
	check("beta", beta.Mean(), beta.Variance(), beta.CDF)
}

// Frequencies of the discrete choices, within five standard errors.
func TestDrawsFollowProbabilities(t *testing.T) {
	s := parse(t, `
method: random
program: x
parameters:
  even: {values: [a, b, c]}
  weighted: {values: [x, y, z], probabilities: [0.1, 0, 0.9]}
  steps: {distribution: q_uniform, min: 0, max: 4, q: 2}
`)
	const n = 20_000
	counts := map[string]float64{}
	for i := range n {
		p, _ := s.Space.Draw(7, i)
		for _, param := range p {
			counts[param.Name+"="+Format(param.Value)]++
		}
	}
	for name, want := range map[string]float64{
		"even=a": 1. / 3, "even=b": 1. / 3, "even=c": 1. / 3, "weighted=x": 0.1, "weighted=z": 0.9,
		"steps=0": 0.25, "steps=2": 0.5, "steps=4": 0.25,
	} {
		if got := counts[name] / n; math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/n) {
			t.Errorf("%s: share %g, want %g", name, got, want)
		}
	}
	if counts["weighted=y"] > 0 {
		t.Error("a value of probability 0 was drawn")
	}
}

// Random points under constraints hold them, and so does what `when` switches off.
func TestDrawsHoldConstraints(t *testing.T) {
	s := parse(t, `
method: random
program: x
parameters:
  a: {min: 0.0, max: 1.0}
  b: {min: 0.0, max: 1.0}
  c: {min: 1, max: 9, when: a > 0.5}
constraints: ["a + b < 0.8"]
`)
	present := 0
	for i := range 2000 {
		p, ok := s.Space.Draw(1, i)
		a, _ := p.Lookup("a")
		b, _ := p.Lookup("b")
		_, c := p.Lookup("c")
		if !ok || a.(float64)+b.(float64) >= 0.8 || c != (a.(float64) > 0.5) {
			t.Fatalf("point %d is %v", i, p)
		}
		if c {
			present++
		}
	}
	if present == 0 || present == 2000 {
		t.Errorf("%d of 2000 points have c", present)
	}
}

// A name in the `when` of a group is one beside the group first, whatever is in it; one of a `when` that two groups share by an alias is
// each group's own.
func TestWhensOfGroupsAreReadBesideThem(t *testing.T) {
	s, err := Parse("t.yaml", []byte(`
method: grid
program: x
parameters:
  outer:
    parameters:
      name: {values: [a, b]}
      inner:
        when: &w name == "b"
        parameters:
          name: {values: [c, d]}
          depth: {value: 1, when: name == "d"}
          deep: {parameters: {name: {values: [e, f]}}, when: name == "d"}
  other:
    parameters:
      name: {values: [b, g]}
      x: {value: 2, when: *w}
`))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for i := range s.Trials {
		text, err := s.Space.At(big.NewInt(int64(i))).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	var want []string
	for _, outer := range []string{`{"name":"a"}`, `{"name":"b","inner":{"name":"c"}}`, `{"name":"b","inner":{"name":"d","depth":1,"deep":{"name":"e"}}}`,
		`{"name":"b","inner":{"name":"d","depth":1,"deep":{"name":"f"}}}`} {
		for _, other := range []string{`{"name":"b","x":2}`, `{"name":"g"}`} {
			want = append(want, `{"outer":`+outer+`,"other":`+other+`}`)
		}
	}
	if !slices.Equal(all, want) {
		t.Errorf("the points are\n%s\nwant\n%s", strings.Join(all, "\n"), strings.Join(want, "\n"))
	}
}

// A `when` that looks into the value of a parameter depends on the parameter.
func TestWhenIntoAValue(t *testing.T) {
	s := parse(t, `{method: grid, program: x, parameters: {p: {values: [5, 6], when: m.k == 1}, n: {values: [1, 2]}, m: {values: [{k: 1}, {k: 2}], when: n == 1}}}`)
	var all []string
	for i := range s.Trials {
		text, _ := s.Space.At(big.NewInt(int64(i))).MarshalJSON()
		all = append(all, string(text))
	}
	slices.Sort(all)
	if want := []string{`{"n":1,"m":{"k":2}}`, `{"n":2}`, `{"p":5,"n":1,"m":{"k":1}}`, `{"p":6,"n":1,"m":{"k":1}}`}; !slices.Equal(all, want) {
		t.Errorf("the points are %v, want %v", all, want)
	}
}

// A grid of steps of a whole q begins at a min that is none, as numpy's arange does; so do parameters that are zipped.
func TestStepsBeginAtMin(t *testing.T) {
	const steps = "s: {distribution: q_uniform, min: 0.4, max: 2.4, q: 1, default: 1.4}"
	for _, text := range []string{
		"{method: grid, program: x, parameters: {" + steps + "}, try: []}",
		"{method: random, unique: true, run_cap: 9, program: x, parameters: {" + steps + ", v: {values: [0, 1]}}, zip: [[s, v]], try: []}",
	} {
		s, err := Parse("t.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		n, _ := s.Space.Size()
		var values []Value
		for i := range n.Int64() {
			p := s.Space.At(big.NewInt(i))
			if at, ok := s.Space.Rank(p); !ok || at.Int64() != i {
				t.Errorf("%v is point %v, and not %d (%v)", p, at, i, ok)
			}
			values = append(values, p[0].Value)
		}
		if !slices.Equal(values, []Value{0.4, 1.4}) {
			t.Errorf("%s has %v", text, values)
		}
	}
}

func TestSizesBeyond64Bits(t *testing.T) {
	text := "method: grid\nrun_cap: 3\nprogram: x\nparameters:\n"
	for i := range 8 {
		text += fmt.Sprintf("  p%d: {min: -9223372036854775808, max: 9223372036854775807}\n", i)
	}
	s := parse(t, text)
	size, _ := s.Space.Size()
	if want := new(big.Int).Lsh(big.NewInt(1), 512); size.Cmp(want) != 0 {
		t.Errorf("size %v, want 2^512", size)
	}
	last := s.Space.At(size.Sub(size, big.NewInt(1)))
	for _, p := range last {
		if p.Value != int64(math.MaxInt64) {
			t.Errorf("the last point has %v", p)
		}
	}
}

// A grid of 10^12 points must not cost more than its text: if it were walked or stored, this would not end.
func TestHugeGridCostsNothing(t *testing.T) {
	text := "method: grid\nrun_cap: 10\nprogram: x\nparameters:\n"
	for i := range 4 {
		text += fmt.Sprintf("  p%d: {min: 1, max: 1000}\n", i)
	}
	start := time.Now()
	s := parse(t, text)
	t.Logf("a grid of 10^12 points took %v", time.Since(start))
	if s.Trials != 10 {
		t.Errorf("%d trials", s.Trials)
	}
}

func TestTrialSeedsDiffer(t *testing.T) {
	seen := map[uint64]int{}
	for i := range 100_000 {
		s := TrialSeed(99, i)
		if other, taken := seen[s]; taken || s >= 1<<31 {
			t.Fatalf("trial %d has seed %d, as has trial %d", i, s, other)
		}
		seen[s] = i
	}
	if TrialSeed(1, 0) == TrialSeed(2, 0) {
		t.Error("the sweep's seed does not matter")
	}
}

func BenchmarkParseGrid1e12(b *testing.B) {
	text := []byte("method: grid\nrun_cap: 10\nprogram: x\nparameters:\n  a: {min: 1, max: 1000000}\n  b: " +
		"{min: 1, max: 1000000}\n")
	for b.Loop() {
		if _, err := Parse("x", text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDraw15Parameters(b *testing.B) {
	s, err := Parse("x", []byte(everything))
	if err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		s.Space.Draw(1, i)
		i++
	}
}
