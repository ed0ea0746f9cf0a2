package search_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// shapes are parameters of every kind: those that a grid takes, those whose values have an order, and all others.
var (
	gridShapes = []string{"{min: 1, max: 6}", "{values: [1, 2, 4]}", "{value: [1, {k: 2}]}", "{distribution: q_uniform, min: 0.4, max: 3, q: 0.5}",
		"{values: [8.5]}", "{min: -3, max: -3}", "{values: [[64], [64, 64]]}", "{values: [{k: 1}, {k: [2]}]}", "{values: [true, false]}"}
	orderedShapes = []string{"{min: 0.0, max: 1.0}", "{distribution: log_uniform_values, min: 1e-5, max: 1}", "{distribution: log_uniform, min: -3, max: 2}",
		"{distribution: inv_log_uniform_values, min: 0.1, max: 2}", "{distribution: inv_log_uniform, min: -1, max: 1}", "{distribution: normal}",
		"{distribution: q_normal, mu: 3, sigma: 20, q: 1}", "{distribution: log_normal, sigma: 2}", "{distribution: q_log_normal, mu: 0, sigma: 2, q: 1}",
		"{distribution: beta, a: 0.5, b: 2}", "{distribution: q_beta, q: 0.125}", "{distribution: q_log_uniform_values, min: 1, max: 1e6, q: 1}",
		"{distribution: q_log_uniform, min: 0, max: 9, q: 0.5}", "{min: -9000000000000000000, max: 9000000000000000000}", "{min: 2.0, max: 2.0}",
		"{distribution: normal, sigma: 0}", "{min: 1, max: 100000}", "{distribution: q_uniform, min: 0, max: 1, q: 1e-9}"}
	otherShapes = []string{"{values: [a, b, c]}", "{values: [1, 1.0, '1', null, true]}", "{values: [[1], [2], [[3]], {k: 4}]}",
		"{values: [x, y, z], probabilities: [0, 0.3, 0.7]}", "{values: [x, y], probabilities: [1, 0]}", "{values: [[1], {k: 1}], probabilities: [0.5, 0.5]}",
		"{values: [.nan, .inf, 3.5]}"}
)

// someSpec draws the text of a spec, of which each part is as likely to be there as not.
func someSpec(t *rapid.T) string {
	method := rapid.SampledFrom([]string{"grid", "grid", "random", "random", "sobol", "halton", "lhs", "tpe", "tpe", "gp", "cma-es", "auto", "bayes"}).Draw(t, "method")
	unique := method == "random" && rapid.Bool().Draw(t, "unique")
	shapes := gridShapes
	if method != "grid" && !unique {
		shapes = append(slices.Clone(shapes), orderedShapes...)
		if method != "cma-es" {
			shapes = append(shapes, otherShapes...)
		}
	} else if unique {
		shapes = append(slices.Clone(shapes), otherShapes...)
	}
	shape := rapid.SampledFrom(shapes)
	var b strings.Builder
	fmt.Fprintf(&b, "method: %s\nmetric: {name: y}\nprogram: x\nseed: %d\nrun_cap: %d\n", method, rapid.IntRange(0, 99).Draw(t, "seed"),
		rapid.IntRange(1, 12).Draw(t, "cap"))
	if unique {
		b.WriteString("unique: true\n")
	}
	if method == "grid" && rapid.Bool().Draw(t, "shuffled") {
		b.WriteString("order: shuffled\n")
	}
	fmt.Fprintf(&b, "parameters:\n  n: {min: 1, max: 5}\n  a: %s\n  b: %s\n", shape.Draw(t, "a"), shape.Draw(t, "b"))
	if rapid.Bool().Draw(t, "group") {
		fmt.Fprintf(&b, "  g: {when: n > 1, parameters: {c: %s, d: {values: [1, 2], when: n != 3}}}\n", shape.Draw(t, "c"))
	}
	if rapid.Bool().Draw(t, "zip") {
		b.WriteString("  e: {values: [5, 6, 8]}\n  f: " + rapid.SampledFrom([]string{"{min: 1, max: 3}", "{values: [1, 5, 5]}", "{values: [p, [q], {r: 1}]}"}).Draw(t, "f") +
			"\nzip: [[e, f]]\n")
	}
	if rapid.Bool().Draw(t, "constraints") {
		b.WriteString("constraints: [n != 2]\n")
	}
	if rapid.Bool().Draw(t, "exclude") {
		b.WriteString("exclude: [{n: 4}]\n")
	}
	switch rapid.IntRange(0, 5).Draw(t, "more") {
	case 0, 1:
		b.WriteString("try: [{n: 1}, {n: 3}, {n: 5}]\n")
	case 2:
		b.WriteString("repeat: 2\n")
	}
	return b.String()
}

// someChange draws what `kaon extend` sets.
func someChange(t *rapid.T, trials int) []string {
	more := fmt.Sprintf("run_cap=%d", trials+rapid.IntRange(1, 12).Draw(t, "more"))
	switch rapid.IntRange(0, 5).Draw(t, "change") {
	case 0:
		return []string{more, "parameters.n.max=" + fmt.Sprint(rapid.IntRange(3, 7).Draw(t, "max"))}
	case 1:
		return []string{more, "method=" + rapid.SampledFrom([]string{"random", "tpe", "sobol", "lhs", "grid", "cma-es", "gp"}).Draw(t, "method")}
	case 2:
		return []string{more, "constraints=[n != 5]"}
	case 3:
		return []string{"limits.parallel=3"}
	}
	return []string{more}
}

// life is a sweep as a scheduler leads it, with what is durable of it.
type life struct {
	source  string
	seed    uint64
	sets    [][]string // of each extension
	from    []int
	log     *search.Log
	spec    *sweep.Spec
	points  []string
	told    map[int]search.Outcome
	flying  []int
	outcome func(trial int) search.Outcome
}

// read reads the spec back from what is durable, as a server that starts does.
func (l *life) read() (*sweep.Spec, error) {
	options := []sweep.Option{sweep.WithSeed(l.seed)}
	spec, err := sweep.Parse("s.yaml", []byte(l.source), options...)
	for i, set := range l.sets {
		if err != nil {
			return nil, err
		}
		options = append(options, sweep.WithSet(set...))
		next, err := sweep.Parse("s.yaml", []byte(l.source), options...)
		if err != nil {
			return nil, err
		}
		if spec, err = spec.Extend(next, l.from[i]); err != nil {
			return nil, err
		}
	}
	return spec, err
}

// extend goes on with the sweep by what is set; it says whether that is allowed.
func (l *life) extend(t *rapid.T, set []string) bool {
	var all []sweep.Option
	for _, before := range append(slices.Clip(l.sets), set) {
		all = append(all, sweep.WithSet(before...))
	}
	next, err := sweep.Parse("s.yaml", []byte(l.source), append(all, sweep.WithSeed(l.spec.Seed))...)
	if err != nil {
		return false
	}
	from := len(l.points)
	spec, err := l.spec.Extend(next, from)
	if err != nil {
		return false
	}
	was := l.log.Learns()
	if err := l.log.Extend(spec); err != nil {
		t.Fatal(err)
	}
	l.spec, l.sets, l.from = spec, append(slices.Clip(l.sets), set), append(slices.Clip(l.from), from)
	if !was && l.log.Learns() {
		for trial := range from {
			if o, ended := l.told[trial]; ended {
				l.log.Tell(trial, o)
			}
		}
	}
	return true
}

// again is the same sweep in a process that starts after the one before was killed.
func (l *life) again(t *rapid.T) *life {
	spec, err := l.read()
	if err != nil {
		t.Fatal(err)
	}
	m, err := search.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	again := *l
	again.spec, again.log, again.points, again.flying, again.told = spec, search.NewLog(m, spec.Method), nil, slices.Clone(l.flying), map[int]search.Outcome{}
	for trial, o := range l.told {
		again.told[trial] = o
	}
	for trial := range l.points {
		again.log.Restore(trial, l.log.Steps(trial), l.told[trial])
	}
	if err := again.log.Replay(); err != nil {
		t.Fatal(err)
	}
	for trial := range l.points {
		again.ask(t, trial)
	}
	return &again
}

func (l *life) ask(t *rapid.T, trial int) {
	p, _, err := l.log.Ask(trial)
	if err != nil {
		t.Fatalf("trial %d of %d: %v", trial, l.spec.Trials, err)
	}
	data, err := p.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	l.points = append(l.points, string(data))
}

// run begins and ends trials until so many have begun.
func (l *life) run(t *rapid.T, to int) {
	for trial := len(l.points); trial < min(to, l.spec.Trials); trial++ {
		l.ask(t, trial)
		l.flying = append(l.flying, trial)
		for len(l.flying) > 3 {
			ended := l.flying[0]
			l.flying = l.flying[1:]
			l.told[ended] = l.outcome(ended)
			l.log.Tell(ended, l.told[ended])
		}
	}
}

// Whatever a search is and however often it is extended, a process that is killed leaves one that goes on with the same points, and
// every trial has one.
func TestSearchIsRestoredWhateverItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := someSpec(t)
		spec, err := sweep.Parse("s.yaml", []byte(source))
		if err != nil {
			t.Skip(err)
		}
		m, err := search.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		dice := rapid.IntRange(0, 1000).Draw(t, "dice")
		l := &life{source: source, seed: spec.Seed, spec: spec, log: search.NewLog(m, spec.Method), told: map[int]search.Outcome{}}
		l.outcome = func(trial int) search.Outcome {
			switch (trial*7919 + dice) % 11 {
			case 0:
				return search.Outcome{State: sweep.Failed}
			case 1:
				return search.Outcome{State: sweep.Stopped}
			case 2:
				return search.Outcome{State: sweep.Succeeded, Value: math.NaN(), Known: true}
			case 3:
				return search.Outcome{State: sweep.Stopped, Value: math.NaN(), Known: true}
			case 4:
				return search.Outcome{State: sweep.Stopped, Value: math.Inf(1), Known: true}
			}
			return search.Outcome{State: sweep.Succeeded, Value: float64((trial*31 + dice) % 17), Known: true}
		}
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			l.run(t, len(l.points)+rapid.IntRange(0, 15).Draw(t, "trials"))
			l.extend(t, someChange(t, l.spec.Trials))
			other := l.again(t)
			if !slices.Equal(other.points, l.points) {
				t.Fatalf("%s%v from %v\nwas %v\nis  %v", source, l.sets, l.from, l.points, other.points)
			}
			if other.spec.Trials != l.spec.Trials || other.spec.Method != l.spec.Method {
				t.Fatalf("%s%v\n%d trials of %s, and %d of %s", source, l.sets, l.spec.Trials, l.spec.Method, other.spec.Trials, other.spec.Method)
			}
			undisturbed := len(l.points) + 6
			l.run(t, undisturbed)
			other.run(t, undisturbed)
			if !slices.Equal(other.points, l.points) {
				t.Fatalf("%s%v from %v\nundisturbed %v\nrestored    %v", source, l.sets, l.from, l.points, other.points)
			}
			if rapid.Bool().Draw(t, "killed") {
				l = other
			}
		}
	})
}
