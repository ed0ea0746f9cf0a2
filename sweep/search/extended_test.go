package search_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

const extendable = `
method: random
seed: 11
run_cap: 20
metric: {name: loss, goal: minimize}
parameters: {x: {min: -5.0, max: 5.0}, c: {values: [a, b, c]}}
command: "true"
`

func parsed(t *testing.T, src string, set ...string) *sweep.Spec {
	t.Helper()
	spec, err := sweep.Parse("s.yaml", []byte(src), sweep.WithSet(set...))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func text(t *testing.T, p sweep.Point) string {
	t.Helper()
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// dialogue asks a log for trials and tells it how they ended, five in flight, and keeps what whoever journals it
// would.
type dialogue struct {
	t        *testing.T
	log      *search.Log
	points   map[int]string
	outcomes map[int]search.Outcome
	flying   []int
}

func (d *dialogue) run(from, to int) {
	d.t.Helper()
	for trial := from; trial < to; trial++ {
		p, _, err := d.log.Ask(trial)
		if err != nil {
			d.t.Fatal(err)
		}
		d.points[trial] = text(d.t, p)
		d.flying = append(d.flying, trial)
		for len(d.flying) > 5 || trial == to-1 && trial%7 == 0 && len(d.flying) > 0 {
			d.end(d.flying[0])
		}
	}
}

func (d *dialogue) end(trial int) {
	d.t.Helper()
	p, _, err := d.log.Ask(trial)
	if err != nil {
		d.t.Fatal(err)
	}
	x, _ := p.Lookup("x")
	o := search.Outcome{State: sweep.Succeeded, Value: math.Pow(x.(float64)-1.5, 2), Known: true}
	if trial%9 == 4 {
		o = search.Outcome{State: sweep.Failed}
	}
	d.flying = slices.DeleteFunc(d.flying, func(f int) bool { return f == trial })
	d.outcomes[trial] = o
	d.log.Tell(trial, o)
}

// A search that was extended, once or twice, and is restored from the steps of its trials goes on as the one that
// was never interrupted.
func TestExtendedSearchIsRestored(t *testing.T) {
	for _, plan := range [][]string{
		{"random", "tpe"}, {"tpe", "tpe"}, {"tpe", "random"}, {"cma-es", "tpe"}, {"gp", "gp"}, {"tpe", "cma-es"}, {"random", "tpe", "cma-es"}, {"sobol", "tpe", "halton"},
	} {
		t.Run(fmt.Sprint(plan), func(t *testing.T) {
			// cma-es takes no choices without an order
			src := extendable
			spec := parsed(t, src, "method="+plan[0], "parameters.c.values=[1,2,3]")
			m, err := search.New(spec)
			if err != nil {
				t.Fatal(err)
			}
			live := &dialogue{t: t, log: search.NewLog(m, spec.Method), points: map[int]string{}, outcomes: map[int]search.Outcome{}}
			live.run(0, 18)
			for i, method := range plan[1:] {
				next := parsed(t, src, "method="+method, "parameters.c.values=[1,2,3]", fmt.Sprintf("parameters.x.max=%v", 4.5-float64(i)), "run_cap=80")
				was := live.log.Learns()
				if spec, err = spec.Extend(next, 18*(i+1)); err != nil {
					t.Fatal(err)
				}
				if err := live.log.Extend(spec); err != nil {
					t.Fatal(err)
				}
				if !was && live.log.Learns() {
					for trial := range 18 * (i + 1) {
						if o, ended := live.outcomes[trial]; ended {
							live.log.Tell(trial, o)
						}
					}
				}
				live.run(18*(i+1), 18*(i+2))
			}

			m, err = search.New(spec)
			if err != nil {
				t.Fatal(err)
			}
			again := &dialogue{t: t, log: search.NewLog(m, spec.Method), points: map[int]string{}, outcomes: map[int]search.Outcome{}, flying: slices.Clone(live.flying)}
			for trial := range live.points {
				again.log.Restore(trial, live.log.Steps(trial), live.outcomes[trial])
			}
			if err := again.log.Replay(); err != nil {
				t.Fatal(err)
			}
			for trial, want := range live.points {
				if p, _, err := again.log.Ask(trial); err != nil || text(t, p) != want {
					t.Fatalf("trial %d was %s, and is %s (%v)", trial, want, text(t, p), err)
				}
			}
			at := 18 * len(plan)
			live.run(at, 79)
			again.run(at, 79)
			for trial := at; trial < 79; trial++ {
				if live.points[trial] != again.points[trial] {
					t.Fatalf("trial %d: %s undisturbed, %s restored", trial, live.points[trial], again.points[trial])
				}
			}
		})
	}
}

// What random trials found is where an estimator that goes on from them searches.
func TestExtensionLearnsWhatWasBefore(t *testing.T) {
	near := func(extended bool) (n int) {
		for seed := range 8 {
			set := []string{fmt.Sprintf("seed=%d", seed), "run_cap=50"}
			spec := parsed(t, extendable, set...)
			m, _ := search.New(spec)
			d := &dialogue{t: t, log: search.NewLog(m, "random"), points: map[int]string{}, outcomes: map[int]search.Outcome{}}
			d.run(0, 40)
			next := parsed(t, extendable, append(set, "method=tpe")...)
			if extended {
				var err error
				if spec, err = spec.Extend(next, 40); err != nil {
					t.Fatal(err)
				}
				if err := d.log.Extend(spec); err != nil {
					t.Fatal(err)
				}
				for trial := range 40 {
					if o, ended := d.outcomes[trial]; ended {
						d.log.Tell(trial, o)
					}
				}
			} else {
				m, _ = search.New(next)
				d.log = search.NewLog(m, "tpe")
			}
			for trial := 40; trial < 48; trial++ {
				p, _, err := d.log.Ask(trial)
				if err != nil {
					t.Fatal(err)
				}
				x, _ := p.Lookup("x")
				if math.Abs(x.(float64)-1.5) < 1 {
					n++
				}
			}
		}
		return n
	}
	if with, without := near(true), near(false); 2*with < 3*without {
		t.Errorf("%d of 64 points are near the optimum with what was learnt, %d without", with, without)
	}
}

// Sequences go on at the next index of the new space, grids with the points that no trial has had.
func TestExtensionOfWhatLearnsNothing(t *testing.T) {
	for _, method := range []string{"sobol", "halton", "random"} {
		before, after := parsed(t, extendable, "method="+method), parsed(t, extendable, "method="+method, "run_cap=40", "parameters.x.max=2.0")
		spec, err := before.Extend(after, 20)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := search.New(before)
		b, _ := search.New(after)
		both, _ := search.New(spec)
		for trial := range 40 {
			want, _ := a.Ask(trial)
			if trial >= 20 {
				want, _ = b.Ask(trial)
			}
			if got, ok := both.Ask(trial); !ok || text(t, got) != text(t, want) {
				t.Fatalf("%s %d: %s, want %s", method, trial, text(t, got), text(t, want))
			}
		}
	}
}

// What `auto` chose, and why, stays with the search; a program that chooses points takes over no sweep, and gives up none.
func TestExtensionKeepsItsMethod(t *testing.T) {
	auto := parsed(t, extendable, "method=auto")
	more, err := auto.Extend(parsed(t, extendable, "method=auto", "run_cap=9000"), 20)
	if err != nil || more.Method != auto.Method || more.Chosen != auto.Chosen || more.Former != nil {
		t.Errorf("%v: %s: %s", err, more.Method, more.Chosen)
	}
	command := "method={command: [chooser]}"
	for _, c := range []struct{ before, after *sweep.Spec }{
		{parsed(t, extendable), parsed(t, extendable, command)},
		{parsed(t, extendable, command), parsed(t, extendable)},
		{parsed(t, extendable, command), parsed(t, extendable, command, "parameters.x.max=6.0")},
	} {
		if _, err := c.before.Extend(c.after, 20); err == nil || !strings.Contains(err.Error(), "a program that chooses points") {
			t.Errorf("%s goes on as %s: %v", c.before.Method, c.after.Method, err)
		}
	}
	chosen := parsed(t, extendable, command)
	if longer, err := chosen.Extend(parsed(t, extendable, command, "run_cap=40"), 20); err != nil || longer.Trials != 40 {
		t.Errorf("a longer search by a program: %v", err)
	}
}

const gridOf = `
method: grid
metric: {name: loss, goal: minimize}
parameters: {a: {values: [1, 2, 3]}, b: {values: [x, y]}}
command: "true"
`

func TestExtensionOfGrid(t *testing.T) {
	all := func(spec *sweep.Spec) (list []string) {
		m, err := search.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		for i := range spec.Trials {
			p, ok := m.Ask(i)
			if !ok {
				t.Fatalf("no point %d of %d", i, spec.Trials)
			}
			list = append(list, text(t, p))
		}
		if _, ok := m.Ask(spec.Trials); ok && spec.RunCap == 0 {
			t.Errorf("there is a point %d", spec.Trials)
		}
		return list
	}
	distinct := func(list []string) bool {
		return len(slices.Compact(slices.Sorted(slices.Values(list)))) == len(list)
	}
	one := parsed(t, gridOf)
	two, err := one.Extend(parsed(t, gridOf, "parameters.a.values=[0,1,2,3,4]"), 6)
	if err != nil {
		t.Fatal(err)
	}
	got := all(two)
	if two.Trials != 10 || !distinct(got) || !slices.Equal(got[:6], all(one)) {
		t.Errorf("%d trials: %v", two.Trials, got)
	}
	three, err := two.Extend(parsed(t, gridOf, "parameters.a.values=[4,5]", "parameters.b.values=[x,y,z]", "order=shuffled"), 9)
	if err != nil {
		t.Fatal(err)
	}
	got = all(three)
	if !distinct(got) || !slices.Equal(got[:9], all(two)[:9]) || three.Trials != 9+5 {
		t.Errorf("%d trials: %v", three.Trials, got)
	}
	half, err := one.Extend(parsed(t, gridOf, "parameters.a.values=[2,3]"), 2) // a: 1 is done with
	if err != nil || half.Trials != 6 || !distinct(all(half)) {
		t.Errorf("%v, %v", half, err)
	}
	capped, err := one.Extend(parsed(t, gridOf, "parameters.a.values=[7,8]", "run_cap=8"), 6)
	if err != nil || capped.Trials != 8 || !distinct(all(capped)) {
		t.Errorf("%v, %v", capped, err)
	}
	if _, err := one.Extend(parsed(t, gridOf, "run_cap=2"), 4); err == nil {
		t.Error("fewer trials than have begun")
	}
}

// Of a grid with conditions so many points are counted as run: of one that is extended more are, also of a grid that went on from
// another search.
func TestExtensionOfGridWithConditions(t *testing.T) {
	const cut = gridOf + "constraints: [a != 2]\nrun_cap: 2\n"
	for _, first := range []string{"grid", "random"} {
		spec := parsed(t, cut, "method="+first)
		m, err := search.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		live := search.NewLog(m, spec.Method)
		for i, set := range [][]string{{"run_cap=3"}, {"run_cap=4"}, {"run_cap=4", "limits.parallel=2"}} {
			if spec, err = spec.Extend(parsed(t, cut, append(set, "seed="+fmt.Sprint(spec.Seed))...), i+1); err != nil {
				t.Fatal(err)
			}
			if err := live.Extend(spec); err != nil {
				t.Fatal(err)
			}
		}
		again, err := search.New(spec)
		if err != nil || spec.Trials != 4 {
			t.Fatalf("%d trials, %v", spec.Trials, err)
		}
		for trial := range spec.Trials {
			p, _, err := live.Ask(trial)
			if q, ok := again.Ask(trial); err != nil || !ok || text(t, p) != text(t, q) {
				t.Errorf("%s: trial %d has %s (%v), and %s after a restart", first, trial, text(t, p), err, text(t, q))
			}
		}
	}
}

// More points are tried first than there are trials at first: those of later trials are theirs when there are more.
func TestExtensionGoesOnWithWhatIsTriedFirst(t *testing.T) {
	const src = extendable + "try: [{x: 1.0}, {x: 2.0}, {x: 3.0}, {x: 4.0, c: b}]\n"
	for _, method := range []string{"random", "sobol", "lhs", "tpe", "cma-es"} {
		set := []string{"method=" + method, "parameters.c.values=[a,b]"}
		spec := parsed(t, src, append(set, "run_cap=2")...)
		if len(spec.Warnings) != 1 || !strings.Contains(spec.Warnings[0].Problem, "only the first 2 of 4 points") {
			t.Errorf("warnings: %v", spec.Warnings)
		}
		m, _ := search.New(spec)
		live := search.NewLog(m, method)
		spec, err := spec.Extend(parsed(t, src, append(set, "run_cap=9")...), 2)
		if err != nil {
			t.Fatal(err)
		}
		if err := live.Extend(spec); err != nil {
			t.Fatal(err)
		}
		m, _ = search.New(spec)
		had := map[string]bool{}
		for trial := range spec.Trials {
			p, _, err := live.Ask(trial)
			q, _ := m.Ask(trial)
			if x, _ := p.Lookup("x"); err != nil || text(t, p) != text(t, q) || trial < 4 && x != float64(trial+1) {
				t.Errorf("%s: trial %d has %s, and %s after a restart (%v)", method, trial, text(t, p), text(t, q), err)
			}
			had[text(t, p)] = true
		}
		if len(had) != spec.Trials {
			t.Errorf("%s: %d trials have %d points", method, spec.Trials, len(had))
		}
	}
}

// A hypercube of few trials that are added, or that another search goes on as, is not made smaller by what was tried long ago.
func TestExtensionOfHypercubeAfterWhatWasTried(t *testing.T) {
	const def = "parameters.x.default=0.5"
	for _, before := range []string{"lhs", "random"} {
		first := parsed(t, extendable, "method="+before, def, "parameters.c.default=a", "run_cap=10")
		spec, err := first.Extend(parsed(t, extendable, "method=lhs", def, "parameters.c.default=a", "run_cap=12"), 10)
		if err != nil {
			t.Fatal(err)
		}
		if spec, err = spec.Extend(parsed(t, extendable, "method=lhs", def, "parameters.c.default=a", "run_cap=14"), 12); err != nil {
			t.Fatal(err)
		}
		m, _ := search.New(spec)
		had := map[string]int{}
		for trial := range spec.Trials {
			p, _ := m.Ask(trial)
			if other, twice := had[text(t, p)]; twice {
				t.Errorf("%s: trials %d and %d have %s", before, other, trial, text(t, p))
			}
			had[text(t, p)] = trial
		}
	}
}

// What cannot go on says what can be done: a hypercube of points with several trials has no other number of them.
func TestExtensionOfRepeatedHypercube(t *testing.T) {
	set := []string{"method=lhs", "repeat=2", "run_cap=20"}
	before := parsed(t, extendable, set...)
	var e *sweep.Error
	if _, err := before.Extend(parsed(t, extendable, append(set, "run_cap=30")...), 3); !errors.As(err, &e) || e.Field != "run_cap" || !strings.Contains(e.Remedy, "submit another sweep") {
		t.Errorf("%v", err)
	}
	if _, err := before.Extend(parsed(t, extendable, append(set, "limits.parallel=3")...), 3); err != nil {
		t.Error(err)
	}
	if _, err := before.Extend(parsed(t, extendable, append(set, "parameters.x.max=30")...), 3); !errors.As(err, &e) || e.Field != "repeat" {
		t.Errorf("%v", err)
	}
}

// A hypercube that is extended is one of the trials before, and one of those that are added.
func TestExtensionOfHypercube(t *testing.T) {
	before := parsed(t, extendable, "method=lhs")
	spec, err := before.Extend(parsed(t, extendable, "method=lhs", "run_cap=50"), 3)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := search.New(spec)
	strata := map[int]bool{}
	for trial := 20; trial < 50; trial++ {
		p, _ := m.Ask(trial)
		x, _ := p.Lookup("x")
		strata[int((x.(float64)+5)/10*30)] = true
	}
	if len(strata) != 30 {
		t.Errorf("30 trials are in %d of 30 strata", len(strata))
	}
	a, _ := search.New(before)
	for trial := range 20 {
		p, _ := a.Ask(trial)
		if q, _ := m.Ask(trial); text(t, p) != text(t, q) {
			t.Errorf("trial %d is another one", trial)
		}
	}
}

func TestLearnMatchesByName(t *testing.T) {
	spec := parsed(t, extendable, "method=tpe", "parameters.k.min=1", "parameters.k.max=8", "parameters.fixed.value=3")
	m, _ := search.New(spec)
	l := m.(search.Learner)
	for point, want := range map[string]bool{
		`{"x": 1.5, "c": "a", "k": 3}`:             true,
		`{"k": 3, "x": 1.5, "c": "b", "more": 7}`:  true, // what is not of this space is left out
		`{"x": 1, "c": "a", "k": 4.0}`:             true, // the same numbers
		`{"x": 1.5}`:                               true, // tells of x alone
		`{"x": 7.5, "c": "a", "k": 3}`:             false,
		`{"x": 1.5, "c": "d", "k": 3}`:             false,
		`{"x": 1.5, "c": "a", "k": 3.5}`:           false,
		`{"x": 1.5, "c": "a", "k": 3, "fixed": 4}`: false,
		`{"other": 1}`:                             false,
		`{}`:                                       false,
	} {
		var p sweep.Point
		if err := json.Unmarshal([]byte(point), &p); err != nil {
			t.Fatal(err)
		}
		if got := l.Learn(-1, p, search.Outcome{State: sweep.Succeeded, Value: 1, Known: true}); got != want {
			t.Errorf("%s fits: %v", point, got)
		}
	}
	if _, ok := m.Ask(0); !ok {
		t.Error("no point")
	}
}

// Of parameters that move together what a search goes on from, or starts from, tells where they stood.
func TestLearnKnowsWhatMovesTogether(t *testing.T) {
	const src = extendable + "zip: [[k, n], [r, s]]\n"
	set := []string{"parameters.k.values=[4,1,2,0]", "parameters.n.values=[a,b,c,d]", "parameters.r={min: 1, max: 4}", "parameters.s={min: 2.0, max: 5.0, distribution: q_uniform, q: 0.75}"}
	spec := parsed(t, src, append(set, "method=tpe")...)
	m, _ := search.New(spec)
	l := m.(search.Learner)
	for point, want := range map[string]bool{
		`{"x": 1.5, "k": 1, "n": "b", "r": 3, "s": 3.5}`: true,
		`{"x": 1.5, "k": 1.0, "r": 3.0}`:                 true, // without what moves with them
		`{"n": "d"}`:                                     true,
		`{"x": 1.5, "k": 1, "n": "c"}`:                   false,
		`{"x": 1.5, "k": 3}`:                             false,
		`{"x": 1.5, "r": 3, "s": 2.75}`:                  false,
		`{"x": 1.5, "r": 7}`:                             false,
		`{"x": 1.5, "r": "x"}`:                           false,
	} {
		var p sweep.Point
		if err := json.Unmarshal([]byte(point), &p); err != nil {
			t.Fatal(err)
		}
		if got := l.Learn(-1, p, search.Outcome{State: sweep.Succeeded, Value: 1, Known: true}); got != want {
			t.Errorf("%s fits: %v", point, got)
		}
	}

	// Random trials that show that k is to be 1, which is neither the first place nor that of its own number.
	before := parsed(t, src, append(set, "run_cap=60")...)
	m, _ = search.New(before)
	live := search.NewLog(m, "random")
	spec, err := before.Extend(parsed(t, src, append(set, "run_cap=60", "method=tpe")...), 40)
	if err != nil {
		t.Fatal(err)
	}
	loss := func(p sweep.Point) float64 {
		if k, _ := p.Lookup("k"); k == int64(1) {
			return 0
		}
		return 1
	}
	var points []sweep.Point
	for trial := range 40 {
		p, _, _ := live.Ask(trial)
		points = append(points, p)
	}
	if err := live.Extend(spec); err != nil {
		t.Fatal(err)
	}
	for trial, p := range points {
		live.Tell(trial, search.Outcome{State: sweep.Succeeded, Value: loss(p), Known: true})
	}
	right := 0
	for trial := 40; trial < 60; trial++ {
		p, _, err := live.Ask(trial)
		if err != nil {
			t.Fatal(err)
		}
		if loss(p) == 0 {
			right++
		}
	}
	if right < 12 {
		t.Errorf("%d of 20 points stand where it was good", right)
	}
}
