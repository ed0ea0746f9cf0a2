package search

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/sweep"
)

// orderly is a space that every learning method takes.
const orderly = `metric: {name: y}, program: x, parameters: {a: {min: -1.0, max: 1.0}, b: {values: [8, 16, 32]}, c: {value: 3},
	d: {distribution: log_uniform_values, min: 1e-5, max: 1}, e: {distribution: normal}, f: {min: 1, max: 9, when: b > 8},
	g: {parameters: {h: {distribution: q_uniform, min: 0.0, max: 1.0, q: 0.25}, i: {values: [on, off]}}, when: a < 0.5},
	k: {min: 2.0, max: 2.0}, l: {values: [[64], [64, 64]]}, m: {values: [{n: 1}, {n: [2]}]}}, constraints: ["a < 0.9 or d > 0.001"]`

var learners = map[string]string{
	"tpe":              "{method: tpe, run_cap: 60, " + orderly + "}",
	"cma-es":           "{method: cma-es, run_cap: 60, " + orderly + "}",
	"tpe with choices": `{method: tpe, run_cap: 60, metric: {name: y, goal: maximize}, ` + everything + `}`,
}

// dialogue is a search as a scheduler leads it: what is asked and told in which order follows from the
// dice.
type dialogue struct {
	tells  map[int]Outcome
	order  []int // of asks (index) and tells (-1 - index)
	points []sweep.Point
}

// play leads a dialogue with some trials in flight, that end in every way that trials end in.
func play(t rapid.TB, m Method, trials, pending int, dice *rand.Rand) dialogue {
	d := dialogue{tells: map[int]Outcome{}}
	var flying []int
	for asked := 0; asked < trials || len(flying) > 0; {
		if asked < trials && len(flying) < pending {
			p, ok := m.Ask(asked)
			if !ok {
				t.Fatalf("no point for trial %d", asked)
			}
			d.order, d.points = append(d.order, asked), append(d.points, p)
			flying = append(flying, asked)
			asked++
			continue
		}
		i := dice.IntN(len(flying))
		trial := flying[i]
		flying = append(flying[:i], flying[i+1:]...)
		o := Outcome{State: sweep.Succeeded, Known: true, Value: value(d.points[trial])}
		switch dice.IntN(12) {
		case 0:
			o = Outcome{State: sweep.Failed}
		case 1:
			o.Value = math.NaN()
		case 2:
			o.Value = math.Inf(1)
		case 3:
			o.Value = math.Inf(-1)
		case 4:
			o = Outcome{State: sweep.Stopped}
		case 5:
			o = Outcome{State: sweep.Stopped, Known: true, Value: math.NaN()}
		}
		m.Tell(trial, o)
		d.tells[trial], d.order = o, append(d.order, -1-trial)
	}
	return d
}

// value is some function of a point.
func value(p sweep.Point) float64 {
	sum := 0.0
	for _, param := range p.Flat() {
		switch v := param.Value.(type) {
		case float64:
			sum += (v - 0.3) * (v - 0.3)
		case int64:
			sum += math.Abs(float64(v)-5) / 10
		}
	}
	return sum
}

// The dialogue repeated gives the same points: that is how a sweep goes on after kill -9. The points have
// no NaN, and lie in the space.
func TestLearnersRepeatThemselves(t *testing.T) {
	for name, source := range learners {
		t.Run(name, func(t *testing.T) {
			s := parse(t, source, 3)
			e := newEncoder(s.Space)
			rapid.Check(t, func(r *rapid.T) {
				repeats(r, s, e, rapid.Uint64().Draw(r, "seed"), rapid.IntRange(1, 40).Draw(r, "pending"))
			})
		})
	}
}

// repeats leads a dialogue and repeats it.
func repeats(t rapid.TB, s *sweep.Spec, e *encoder, seed uint64, pending int) {
	first, err := New(s)
	if err != nil || !first.Replay() {
		t.Fatal(err)
	}
	d := play(t, first, s.Trials, pending, rand.New(rand.NewPCG(seed, 1)))
	again, _ := New(s)
	for _, step := range d.order {
		if step < 0 {
			again.Tell(-1-step, d.tells[-1-step])
			continue
		}
		p, ok := again.Ask(step)
		if !ok || text(t, p) != text(t, d.points[step]) {
			t.Fatalf("point %d is %v, was %v", step, p, d.points[step])
		}
		if _, _, ok := e.encode(p); !ok || strings.Contains(text(t, p), "NaN") {
			t.Fatalf("point %d is outside the space: %v", step, p)
		}
	}
}

// descend runs a sweep's trials one by one; those fail of which the loss is infinite.
func descend(s *sweep.Spec, loss func(p sweep.Point) float64) (best float64, failed int) {
	m, _ := New(s)
	best = math.Inf(1)
	for i := range s.Trials {
		p, _ := m.Ask(i)
		y := loss(p)
		if math.IsInf(y, 1) {
			failed++
			m.Tell(i, Outcome{State: sweep.Failed})
			continue
		}
		best = min(best, y)
		m.Tell(i, Outcome{State: sweep.Succeeded, Known: true, Value: y})
	}
	return best, failed
}

// valley is round, lowest where the first parameter is at a place, the second at 7 and the third at 30; it fails where
// the first is above 2.
func valley(p sweep.Point, place float64) float64 {
	a, b, c := p[0].Value.(float64), p[1].Value.(float64), float64(p[2].Value.(int64))
	if a > 2 {
		return math.Inf(1)
	}
	return (a-place)*(a-place) + (b-7)*(b-7) + (c-30)*(c-30)/16
}

// A learner finds the minimum of a round valley much better than chance does, also when a third of the
// space fails.
func TestLearnersLearn(t *testing.T) {
	for _, method := range []string{"tpe", "cma-es"} {
		s := parse(t, "{method: "+method+", run_cap: 300, metric: {name: y}, program: x, parameters: {a: {min: -5.0, max: 5.0}, "+
			"b: {min: 0.0, max: 10.0}, c: {min: 1, max: 40}}}", 5)
		best, failed := descend(s, func(p sweep.Point) float64 { return valley(p, 1) })
		if best > 0.05 || failed > 75 {
			t.Errorf("%s came to %.3g, and %d of 300 trials failed", method, best, failed)
		}
	}
}

// A trial that diverged and was stopped for it tells the same as one that failed.
func TestStoppedAsItDivergedIsFailed(t *testing.T) {
	for _, method := range []string{"tpe", "cma-es", "gp"} {
		for _, value := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			points := func(diverged Outcome) (all []string) {
				s := parse(t, "{method: "+method+", run_cap: 40, metric: {name: y}, program: x, "+
					"parameters: {a: {min: 0.0, max: 1.0}, b: {min: 0.0, max: 1.0}}}", 5)
				m, _ := New(s)
				for i := range s.Trials {
					p, _ := m.Ask(i)
					all = append(all, text(t, p))
					if o := diverged; p[0].Value.(float64) < 0.4 {
						m.Tell(i, o)
						continue
					}
					m.Tell(i, Outcome{State: sweep.Succeeded, Known: true, Value: p[0].Value.(float64)})
				}
				return all
			}
			failed := points(Outcome{State: sweep.Failed})
			stopped := points(Outcome{State: sweep.Stopped, Known: true, Value: value})
			if !slices.Equal(failed, stopped) {
				t.Errorf("%s: after %v the points are\n%v\nand after failures\n%v", method, value, stopped, failed)
			}
		}
	}
}

// The density of choices counts: the kernels around the best trials favour their choice, and those of the
// others do not.
func TestTPELearnsChoices(t *testing.T) {
	s := parse(t, "{method: tpe, run_cap: 150, metric: {name: y}, program: x, parameters: "+
		"{a: {values: [p, q, r, s, t, u]}, b: {values: [v, w, x, y, z]}, c: {min: 0.0, max: 1.0}, "+
		"d: {min: 0.0, max: 1.0, when: a != 't'}}}", 5)
	e := newEncoder(s.Space)
	good := &asked{u: []float64{0.25, 0.1, 0.5, 0.5}}
	density := newParzen(e, []*asked{good}, nil, smoothing{1, 0.1, 0.3})
	at, other := &candidate{u: good.u}, &candidate{u: []float64{0.75, 0.1, 0.5, 0.5}}
	if mine, others := density.logDensity(at), density.logDensity(other); mine < others+0.5 {
		t.Errorf("the density at the trial is e^%.2f, at another choice e^%.2f", mine, others)
	}
	m, _ := New(s)
	late := 0
	for i := range s.Trials {
		p, _ := m.Ask(i)
		a, _ := p.Lookup("a")
		b, _ := p.Lookup("b")
		y := 0.0
		if a != "q" {
			y++
		}
		if b != "z" {
			y++
		}
		if i >= 100 && y == 0 {
			late++
		}
		m.Tell(i, Outcome{State: sweep.Succeeded, Known: true, Value: y})
	}
	if late < 15 {
		t.Errorf("%d of the last 50 trials have the best choices", late)
	}
}

func TestLearnersRepeatNoPointWhileOthersAreLeft(t *testing.T) {
	for _, method := range []string{"tpe", "gp", "cma-es"} {
		s := parse(t, "{method: "+method+", run_cap: 30, metric: {name: y}, program: x, parameters: {a: {min: 1, max: 5}, b: {values: [1, 2, 4]}, "+
			"c: {values: [on, off]}}}", 5)
		m, _ := New(s)
		seen := map[string]bool{}
		for i := range s.Trials {
			p, ok := m.Ask(i)
			if !ok {
				t.Fatal(i)
			}
			seen[fmt.Sprint(p)] = true
			m.Tell(i, Outcome{State: sweep.Succeeded, Known: true, Value: value(p)})
		}
		if len(seen) != 30 {
			t.Errorf("%s asked for %d points of 30", method, len(seen))
		}
	}
}

// Spaces with nothing to choose, and with very much.
func TestLearnersTakeOddSpaces(t *testing.T) {
	many := make([]string, 200)
	for i := range many {
		many[i] = fmt.Sprintf("p%d: {min: 0.0, max: 1.0}", i)
	}
	for name, parameters := range map[string]string{
		"one point": "{a: {value: 1}}", "equal bounds": "{a: {min: 1.0, max: 1.0}, b: {min: 2, max: 2}}",
		"huge integers": "{a: {min: -9000000000000000000, max: 9000000000000000000}}", "many": "{" + strings.Join(many, ", ") + "}",
		"tails": "{a: {distribution: log_normal, mu: 0, sigma: 300}, b: {distribution: q_normal, sigma: 1e9}}",
	} {
		for _, method := range []string{"tpe", "gp", "cma-es"} {
			s := parse(t, "{method: "+method+", run_cap: 40, metric: {name: y}, program: x, parameters: "+parameters+"}", 5)
			m, _ := New(s)
			for i := range s.Trials {
				p, ok := m.Ask(i)
				if !ok || len(p) == 0 {
					t.Fatalf("%s of %s: no point %d", method, name, i)
				}
				m.Tell(i, Outcome{State: sweep.Succeeded, Known: true, Value: float64(i % 7)})
			}
		}
	}
}

// What a search keeps, and makes for each point, does not grow with the square of the number of values.
func TestLearnersTakeManyValues(t *testing.T) {
	values := make([]string, 20_000)
	for i := range values {
		values[i] = fmt.Sprintf("v%d", i)
	}
	list := "{values: [" + strings.Join(values, ", ") + "]}"
	numbers := "{values: [" + strings.ReplaceAll(strings.Join(values, ", "), "v", "") + "]}"
	for name, parameters := range map[string]string{
		"a long list":       "{a: " + list + "}",
		"numbers":           "{a: " + numbers + "}",
		"a long tail":       "{a: {distribution: q_log_normal, mu: 0, sigma: 2, q: 1}}",
		"long ranges":       "{a: {min: 1, max: 1000000}, b: {min: 1, max: 1000000}}, zip: [[a, b]]",
		"a list to a range": "{a: " + list + ", b: {min: 1, max: 20000}}, zip: [[a, b]]",
	} {
		for _, method := range []string{"tpe", "gp", "cma-es"} {
			if method == "cma-es" && strings.Contains(name, "list") {
				continue // it takes numbers
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			s := parse(t, "{method: "+method+", run_cap: 40, metric: {name: y}, program: x, parameters: "+parameters+"}", 5)
			m, _ := New(s)
			seen := map[string]bool{}
			for i := range 25 {
				p, ok := m.Ask(i)
				if !ok {
					t.Fatalf("%s of %s: no point %d", method, name, i)
				}
				seen[text(t, p)] = true
				m.Tell(i, Outcome{State: sweep.Succeeded, Known: true, Value: float64(i % 7)})
			}
			runtime.ReadMemStats(&after)
			if made := after.TotalAlloc - before.TotalAlloc; made > 1<<30 || len(seen) < 20 {
				t.Errorf("%s of %s: %d MB were made, and %d different points", method, name, made>>20, len(seen))
			}
		}
	}
}

// At 100,000 results a suggestion still takes milliseconds.
func TestLearnersTakeManyResults(t *testing.T) {
	const results = 100_000
	for _, method := range []string{"tpe", "gp", "cma-es"} {
		s := parse(t, fmt.Sprintf("{method: %s, run_cap: %d, metric: {name: y}, program: x, parameters: {a: {min: 0.0, max: 1.0}, "+
			"b: {min: 0.0, max: 1.0}, c: {distribution: log_uniform_values, min: 1e-5, max: 1}}}", method, results+100), 5)
		m, _ := New(s)
		dice := rand.New(rand.NewPCG(1, 1))
		h := m.(interface {
			add(int, []float64, []bool) *asked
		})
		for i := range results {
			h.add(i, []float64{dice.Float64(), dice.Float64(), dice.Float64()}, nil)
			m.Tell(i, Outcome{State: sweep.Succeeded, Known: true, Value: dice.Float64()})
		}
		start := processorTime(t)
		for i := range 100 {
			p, ok := m.Ask(results + i)
			if !ok {
				t.Fatal("no point")
			}
			m.Tell(results+i, Outcome{State: sweep.Succeeded, Known: true, Value: value(p)})
		}
		if each := (processorTime(t) - start) / 100; each > 100*time.Millisecond {
			t.Errorf("%s takes %v for a suggestion", method, each)
		} else {
			t.Logf("%s: %v a suggestion", method, each)
		}
	}
}

// What a search starts from speaks against its bad points, the less the older they are, and fades as its own trials come.
func TestLearntTrialsFade(t *testing.T) {
	s := parse(t, "{method: tpe, run_cap: 300, metric: {name: y}, program: x, parameters: {a: {min: 0.0, max: 1.0}}}", 5)
	m := newTPE(s)
	const prior = 200
	for i := range prior {
		p, _ := s.Space.Draw(7, i)
		m.Learn(i-prior, p, Outcome{State: sweep.Succeeded, Known: true, Value: p[0].Value.(float64)})
	}
	// halfway is the weight of what lies in the middle of the prior.
	halfway := func() float64 {
		_, others := m.split()
		least, at := math.Inf(1), -1
		for i, o := range others {
			if d := math.Abs(float64(o.index + prior/2)); d < least {
				least, at = d, i
			}
		}
		return m.fading(others)[at]
	}
	before := halfway()
	if before < 0.4 || before > 0.8 {
		t.Errorf("a trial halfway through the prior weighs %.3g at once", before)
	}
	for i := range 300 {
		p, _ := m.Ask(i)
		m.Tell(i, Outcome{State: sweep.Succeeded, Known: true, Value: p[0].Value.(float64)})
	}
	if after := halfway(); after > before/2 || after <= faded {
		t.Errorf("and %.3g after 300 trials, was %.3g", after, before)
	}
}

// A search that was given many trials at once chooses as one that was told of each.
func TestLearnersBeginAtOnce(t *testing.T) {
	for _, method := range []string{"tpe", "gp", "cma-es"} {
		s := parse(t, "{method: "+method+", run_cap: 60, metric: {name: y, goal: maximize}, program: x, parameters: {a: {min: -5.0, max: 5.0}, b: {values: [1, 2, 4]}, "+
			"c: {min: 1, max: 40, when: b > 1}}}", 5)
		var prior []sweep.Prior
		dice := rand.New(rand.NewPCG(1, 2))
		for i := range 150 {
			p, _ := s.Space.Draw(7, i)
			one := sweep.Prior{Point: p, State: sweep.Succeeded, Value: value(p), Known: true}
			switch dice.IntN(8) {
			case 0:
				one = sweep.Prior{Point: p, State: sweep.Failed}
			case 1:
				one = sweep.Prior{Point: p, State: sweep.Stopped}
			case 2:
				one.State, one.Value = sweep.Stopped, 3
			case 3:
				one.Point = sweep.Point{{Name: "a", Value: 99.0}}
			case 4:
				one.Value = math.Inf(1)
			}
			prior = append(prior, one)
		}
		atOnce, err := New(s.WithPrior(prior))
		if err != nil {
			t.Fatal(err)
		}
		each, _ := New(s)
		for i, one := range prior {
			each.(Learner).Learn(i-len(prior), one.Point, Outcome{State: one.State, Value: one.Value, Known: one.Known})
		}
		if got, want := play(t, atOnce, 60, 25, rand.New(rand.NewPCG(3, 4))), play(t, each, 60, 25, rand.New(rand.NewPCG(3, 4))); !slices.EqualFunc(got.points, want.points,
			func(a, b sweep.Point) bool { return text(t, a) == text(t, b) }) {
			t.Errorf("%s: other points", method)
		}
	}
}
