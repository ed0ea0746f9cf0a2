package importance

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// sampled is random trials of a space with the values of a function of its parameters, by name.
func sampled(t *testing.T, parameters string, n int, value func(get func(name string) sweep.Value) float64) (*sweep.Space, []Trial) {
	t.Helper()
	spec, err := sweep.Parse("t.yaml", []byte("{method: random, run_cap: 1000, program: x, parameters: "+parameters+"}"), sweep.WithSeed(7))
	if err != nil {
		t.Fatal(err)
	}
	var trials []Trial
	for i := range n {
		p, _ := spec.Space.Draw(7, i)
		v := value(func(name string) sweep.Value {
			v, _ := p.Lookup(name)
			return v
		})
		trials = append(trials, Trial{Trial: i, Point: p, Value: v})
	}
	return spec.Space, trials
}

func number(v sweep.Value) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return 0
}

func (r Report) of(parameter string) float64 {
	for _, s := range r.Importance {
		if s.Parameter == parameter {
			return s.Share
		}
	}
	return math.NaN()
}

func (r Report) ofPair(a, b string) float64 {
	for _, p := range r.Interactions {
		if p.Parameters == [2]string{a, b} {
			return p.Share
		}
	}
	return math.NaN()
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %.3f, want %.3f ± %.2f", what, got, want, within)
	}
}

// Of a sum the shares are those of the variances: 16 to 4 to 0. A logarithmic parameter counts by its logarithm.
func TestSharesOfASum(t *testing.T) {
	space, trials := sampled(t, "{a: {min: 0.0, max: 1.0}, b: {distribution: log_uniform_values, min: 1e-5, max: 1}, c: {min: 1, max: 50}, d: {value: 3}}",
		400, func(get func(string) sweep.Value) float64 {
			return 4*number(get("a")) + 2*math.Log10(number(get("b")))/5
		})
	r := Explain(space, sweep.Minimize, trials)
	near(t, "a", r.of("a"), 0.8, 0.06)
	near(t, "b", r.of("b"), 0.2, 0.06)
	near(t, "c", r.of("c"), 0, 0.03)
	near(t, "the pair", r.ofPair("a", "b"), 0, 0.04)
	if r.Fit < 0.9 || r.Note != "" || r.Importance[0].Parameter != "a" || len(r.Importance) != 3 {
		t.Errorf("%+v", r)
	}
}

// The Ishigami function (1990) has the indices .314, .442 and 0 for its parameters alone, and .244 for the first
// and the third together.
func TestSharesOfIshigami(t *testing.T) {
	bounds := "{min: -3.141592653589793, max: 3.141592653589793}"
	space, trials := sampled(t, "{x: "+bounds+", y: "+bounds+", z: "+bounds+"}", 1000, func(get func(string) sweep.Value) float64 {
		x, y, z := number(get("x")), number(get("y")), number(get("z"))
		return math.Sin(x) + 7*math.Pow(math.Sin(y), 2) + 0.1*math.Pow(z, 4)*math.Sin(x)
	})
	for _, goal := range []sweep.Goal{sweep.Minimize, sweep.Maximize} {
		r := Explain(space, goal, trials)
		near(t, "x", r.of("x"), 0.314, 0.07)
		near(t, "y", r.of("y"), 0.442, 0.11) // of waves, trees of a thousand trials see a little less than there is
		near(t, "z", r.of("z"), 0, 0.04)
		near(t, "x and z", r.ofPair("x", "z"), 0.244, 0.07)
		near(t, "x and y", r.ofPair("x", "y"), 0, 0.05)
	}
}

// Choices count by what they do, whatever their order, and a parameter that is off does nothing.
func TestSharesOfChoices(t *testing.T) {
	space, trials := sampled(t, "{o: {values: [p, q, r, s]}, m: {min: 0.0, max: 1.0, when: o == 'q'}, n: {min: 0.0, max: 1.0}, "+
		"w: {values: [u, v]}}", 600, func(get func(string) sweep.Value) float64 {
		y := map[sweep.Value]float64{"p": 1, "q": 0, "r": 1, "s": 0}[get("o")]
		if (get("w") == "u") == (get("o") == "p") {
			y += 0.5
		}
		return y + 0.2*number(get("n"))
	})
	r := Explain(space, sweep.Minimize, trials)
	if r.Importance[0].Parameter != "o" || r.of("m") > 0.03 || r.of("n") < 0.005 || r.ofPair("o", "w") < 0.05 {
		t.Errorf("%+v", r)
	}
	for _, g := range r.Region {
		if g.Parameter == "o" && (len(g.Values) > 2 || g.Narrowed > 0.51 || g.Values[0].Value == "p") {
			t.Errorf("the best have %+v", g)
		}
	}
}

// Lists and mappings are choices as others are.
func TestSharesOfListsAndMappings(t *testing.T) {
	space, trials := sampled(t, "{layers: {values: [[64], [64, 64], [128, [8]]]}, m: {values: [{a: 1}, {a: [2]}], probabilities: [0.5, 0.5]}, "+
		"c: {value: [1]}, x: {min: 0.0, max: 1.0}}", 200, func(get func(string) sweep.Value) float64 {
		return float64(len(get("layers").([]sweep.Value))) + 0.1*number(get("x"))
	})
	r := Explain(space, sweep.Minimize, trials)
	if r.Importance[0].Parameter != "layers" || r.of("layers") < 0.9 || len(r.Importance) != 3 || len(r.Region) != 3 {
		t.Errorf("%+v", r)
	}
}

// A function of two parameters is their shares and their interaction, and nothing else.
func TestVarianceAddsUp(t *testing.T) {
	space, trials := sampled(t, "{a: {min: 0.0, max: 1.0}, b: {values: [p, q, r]}}", 200, func(get func(string) sweep.Value) float64 {
		return math.Sin(5*number(get("a"))) * map[sweep.Value]float64{"p": 1, "q": 2, "r": -1}[get("b")]
	})
	axes := axesOf(space)
	rows := rowsOf(space, axes, trials, false)
	f := grow(axes, rows)
	v := decompose(&f)
	near(t, "the sum", (v.single[0]+v.single[1]+v.together(0, 1))/v.all, 1, 0.05)
	for _, tr := range f.trees {
		size := 0.0
		for _, l := range tr.leaves {
			size += l.size
		}
		near(t, "the leaves' volume", size, 1, 1e-9)
	}
}

// Noise is explained by nothing, and the report says so; so it does of few trials, equal ones and constants.
func TestReportsDoubts(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 1))
	noise := func(func(string) sweep.Value) float64 { return dice.NormFloat64() }
	one := func(func(string) sweep.Value) float64 { return 1 }
	for _, c := range []struct {
		parameters string
		n          int
		value      func(func(string) sweep.Value) float64
	}{
		{"{a: {min: 0.0, max: 1.0}, b: {values: [p, q, r]}}", 300, noise},
		{"{a: {min: 0.0, max: 1.0}}", 19, noise},
		{"{a: {min: 0.0, max: 1.0}}", 0, noise},
		{"{a: {min: 0.0, max: 1.0}}", 50, one},
		{"{a: {value: 1}}", 50, noise},
	} {
		space, trials := sampled(t, c.parameters, c.n, c.value)
		if r := Explain(space, sweep.Minimize, trials); r.Note == "" || r.Importance == nil || r.BestSoFar == nil {
			t.Errorf("%+v: %+v", c, r)
		}
	}
}

// Trainings that went astray, NaN and infinities do not hide what makes the difference between the others.
func TestOutliersHideNothing(t *testing.T) {
	i := 0
	space, trials := sampled(t, "{a: {min: 0.0, max: 1.0}, b: {min: 0.0, max: 1.0}}", 300, func(get func(string) sweep.Value) float64 {
		if i++; i%30 == 0 {
			return []float64{1e12, math.NaN(), math.Inf(1)}[i/30%3]
		}
		return number(get("a"))
	})
	r := Explain(space, sweep.Minimize, trials)
	if r.of("a") < 0.8 {
		t.Errorf("%+v", r)
	}
	last := math.Inf(1)
	for _, s := range r.BestSoFar {
		if s.Value >= last {
			t.Errorf("%v after %v", s.Value, last)
		}
		last = s.Value
	}
}

// 100,000 trials of 30 parameters take seconds at most, and all trials are looked at for the best.
func TestManyTrials(t *testing.T) {
	parameters := "{"
	for i := range 30 {
		parameters += "p" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + ": {min: 0.0, max: 1.0}, "
	}
	space, trials := sampled(t, parameters+"}", 100_000, func(get func(string) sweep.Value) float64 { return number(get("paa")) })
	r := Explain(space, sweep.Minimize, trials)
	if r.Best != mostBest || r.Trials != mostTrials || r.of("paa") < 0.8 {
		t.Errorf("%d of the best, %d trials, %.2f", r.Best, r.Trials, r.of("paa"))
	}

	// The same is said when the points of few are read.
	for goal, whole := range map[sweep.Goal]Report{sweep.Minimize: r, sweep.Maximize: Explain(space, sweep.Maximize, trials)} {
		all := make([]Scored, len(trials))
		for i, one := range trials {
			all[i] = Scored{one.Trial, one.Value}
		}
		read := 0
		many, err := ExplainMany(space, goal, all, func(wanted []int) (list []Trial, err error) {
			read += len(wanted)
			for _, i := range wanted {
				list = append(list, trials[i])
			}
			return list, nil
		})
		want, _ := json.Marshal(whole)
		if got, _ := json.Marshal(many); err != nil || string(got) != string(want) || read > mostBest+mostTrials {
			t.Errorf("%s, %d points read, %v:\n%s\nwant\n%s", goal, read, err, got, want)
		}
	}
}

// Values of any magnitude are explained alike: squares of very large ones are more than a number holds, of very small ones nothing.
func TestExtremeValues(t *testing.T) {
	for _, size := range []float64{1e-310, 1e-200, 1e-9, 1, 1e155, 1e308} {
		space, trials := sampled(t, "{a: {min: 0.0, max: 1.0}, b: {min: 0.0, max: 1.0}}", 100, func(get func(string) sweep.Value) float64 {
			return size * (number(get("a")) - number(get("b"))/4)
		})
		r := Explain(space, sweep.Minimize, trials)
		near(t, "a", r.of("a"), 0.94, 0.06)
		if r.Fit < 0.8 {
			t.Errorf("%g: %+v", size, r)
		}
		trials[3].Value = -math.MaxFloat64 // on the good side, and the rest
		for i := range 40 {
			trials[2*i].Value = math.MaxFloat64
		}
		for _, goal := range []sweep.Goal{sweep.Minimize, sweep.Maximize} {
			if _, err := json.Marshal(Explain(space, goal, trials)); err != nil {
				t.Errorf("%g: %v", size, err)
			}
		}
	}
}
