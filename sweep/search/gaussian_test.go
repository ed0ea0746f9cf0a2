package search

import (
	"math"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

// The dialogue repeated gives the same points, as with the other learners, of which a few hundred dialogues
// cost less.
func TestGaussianRepeatsItself(t *testing.T) {
	for source, pending := range map[string]int{
		"{method: gp, run_cap: 45, " + orderly + "}":                                       1,
		`{method: gp, run_cap: 60, metric: {name: y, goal: maximize}, ` + everything + `}`: 30,
	} {
		s := parse(t, source, 3)
		repeats(t, s, newEncoder(s.Space), 4, pending)
	}
}

// A Gaussian process finds the minimum of a smooth function to many digits, keeps away from where trials
// fail, and finds its way among choices and parameters that are there only sometimes.
func TestGaussianFindsTheMinimum(t *testing.T) {
	s := parse(t, "{method: gp, run_cap: 60, metric: {name: y}, program: x, parameters: {a: {min: -5.0, max: 5.0}, "+
		"b: {min: 0.0, max: 10.0}, c: {min: 1, max: 40}, d: {values: [p, q, r]}, e: {min: 0.0, max: 1.0, when: d == 'q'}}}", 5)
	best, failed := descend(s, func(p sweep.Point) float64 {
		if e, there := p.Lookup("e"); there {
			return valley(p, 1.5) + (e.(float64)-0.5)*(e.(float64)-0.5)
		}
		return valley(p, 1.5) + 1
	})
	if best > 0.01 || failed > 18 {
		t.Errorf("it came to %.3g, and %d of 60 trials failed", best, failed)
	}
}

// Where trials get better towards where they fail, the search comes up to the border: what fails is nothing to improve
// on, and does not draw all trials to itself.
func TestGaussianComesUpToTheBorder(t *testing.T) {
	const trials = 100
	for _, pending := range []int{1, 10} {
		s := parse(t, "{method: gp, run_cap: 100, metric: {name: y}, program: x, "+
			"parameters: {a: {min: 0.0, max: 1.0}, b: {min: 0.0, max: 1.0}}}", 5)
		g := newGaussian(s)
		best := math.Inf(1)
		tell := func(i int, p sweep.Point) {
			a, b := p[0].Value.(float64), p[1].Value.(float64)
			if a < 0.4 {
				g.Tell(i, Outcome{State: sweep.Failed})
				return
			}
			y := a + (b-0.5)*(b-0.5)
			best = math.Min(best, y)
			g.Tell(i, Outcome{State: sweep.Succeeded, Known: true, Value: y})
		}
		points := map[int]sweep.Point{}
		for i := range trials {
			p, ok := g.Ask(i)
			if !ok {
				t.Fatalf("there is no point %d", i)
			}
			points[i] = p
			if len(points) == pending {
				tell(i-pending+1, points[i-pending+1])
				delete(points, i-pending+1)
			}
		}
		if best > 0.41 {
			t.Errorf("with %d pending the best is %.3f", pending, best)
		}
	}
}

// A trust region keeps away from where trials fail, too, and comes up to the border; where they fail anywhere, that
// keeps it from nothing.
func TestRegionKeepsAwayFromFailures(t *testing.T) {
	const trials, pending = 300, 40
	run := func(fails func(i int, a, b float64) bool) (best float64, failed int) {
		s := parse(t, "{method: gp, run_cap: 300, metric: {name: y}, program: x, "+
			"parameters: {a: {min: 0.0, max: 1.0}, b: {min: 0.0, max: 1.0}}}", 5)
		g := newGaussian(s)
		best = math.Inf(1)
		points := make([]sweep.Point, trials)
		for i := range trials {
			points[i], _ = g.Ask(i)
			k := i - pending + 1
			if k < 0 {
				continue
			}
			a, b := points[k][0].Value.(float64), points[k][1].Value.(float64)
			if fails(k, a, b) {
				g.Tell(k, Outcome{State: sweep.Failed})
				if k >= 100 {
					failed++
				}
				continue
			}
			y := a + (b-0.5)*(b-0.5)
			best = math.Min(best, y)
			g.Tell(k, Outcome{State: sweep.Succeeded, Known: true, Value: y})
		}
		if g.region == nil {
			t.Fatal("there is no region")
		}
		return best, failed
	}
	best, failed := run(func(_ int, a, b float64) bool { return a < 0.4 || b < 0.3 })
	if best > 0.41 || failed > 100 {
		t.Errorf("the best is %.3f, and %d of the last 161 that ended failed", best, failed)
	}
	if best, _ = run(func(i int, a, b float64) bool { return i%3 == 0 }); best > 0.01 {
		t.Errorf("where trials fail anywhere the best is %.3f", best)
	}
}

// A search that goes on from another learns from more results than one process takes in, of which it chose no point.
func TestGaussianLearnsFromManyOfOthers(t *testing.T) {
	s := parse(t, "{method: gp, run_cap: 2000, metric: {name: y}, program: x, parameters: {a: {min: 0.0, max: 1.0}}}", 5)
	g := newGaussian(s)
	for i := range 2 * mostMeasured {
		p, _ := s.Space.Draw(7, i)
		if !g.Learn(i, p, Outcome{State: sweep.Succeeded, Known: true, Value: p[0].Value.(float64)}) {
			t.Fatalf("%v is not of the space", p)
		}
	}
	all := g.measured(mostMeasured)
	if len(all) != mostMeasured || !slices.IsSortedFunc(all, compareAsked) || all[0] != g.done[0] {
		t.Errorf("%d results, from %+v on", len(all), all[0])
	}
	if latest := slices.MaxFunc(all, func(a, b *asked) int { return a.index - b.index }); latest.index != 2*mostMeasured-1 {
		t.Errorf("the latest of them is %d", latest.index)
	}
}

// What a search starts from counts also where so many trials are in flight that it goes on in a trust region: chance would have one
// of these points near the best.
func TestRegionBeginsWithWhatIsLearnt(t *testing.T) {
	s := parse(t, "{method: gp, run_cap: 60, metric: {name: y}, program: x, parameters: {a: {min: -5.0, max: 5.0}, b: {min: 0.0, max: 10.0}, c: {min: 1, max: 40}}}", 5)
	var prior []sweep.Prior
	for i := range 80 {
		p, _ := s.Space.Draw(7, i)
		if y := valley(p, 1); !math.IsInf(y, 1) {
			prior = append(prior, sweep.Prior{Point: p, State: sweep.Succeeded, Value: y, Known: true})
		}
	}
	m, err := New(s.WithPrior(prior))
	if err != nil {
		t.Fatal(err)
	}
	near := 0
	for i := range 60 {
		p, ok := m.Ask(i)
		if !ok {
			t.Fatalf("no point for trial %d", i)
		}
		if i >= 20 && valley(p, 1) < 10 {
			near++
		}
	}
	if near < 20 {
		t.Errorf("%d of 40 points are near the best that was known", near)
	}
}

// A batch of 500 takes less than a second of a processor, with room for slower ones.
func TestGaussianChoosesManyAtOnce(t *testing.T) {
	s := parse(t, "{method: gp, run_cap: 2500, metric: {name: y}, program: x, parameters: {a: {min: 0.0, max: 1.0}, "+
		"b: {min: 0.0, max: 1.0}, c: {min: 0.0, max: 1.0}, d: {min: 0.0, max: 1.0}, e: {min: 1, max: 50}, f: {values: [p, q, r]}}}", 5)
	m, _ := New(s)
	seen := map[string]bool{}
	for i := 0; i < 2500; i += 500 {
		start := processorTime(t)
		for k := range 500 {
			p, ok := m.Ask(i + k)
			if !ok {
				t.Fatalf("no point %d", i+k)
			}
			seen[text(t, p)] = true
		}
		took := processorTime(t) - start
		t.Logf("%d results: %v", i, took)
		if took > 5*time.Second {
			t.Errorf("a batch of 500 took %v after %d results", took, i)
		}
		for k := range 500 {
			m.Tell(i+k, Outcome{State: sweep.Succeeded, Known: true, Value: math.Mod(float64((i+k)*7919), 101)})
		}
	}
	if len(seen) != 2500 {
		t.Errorf("%d of 2500 points are different", len(seen))
	}
}

// processorTime is what this process has used.
func processorTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A region that finds nothing better shrinks, and when it has become tiny another search begins.
func TestTrustRegionBeginsAgain(t *testing.T) {
	s := parse(t, "{method: gp, run_cap: 400, metric: {name: y}, program: x, parameters: {a: {min: 0.0, max: 1.0}, b: {min: 0.0, max: 1.0}}}", 5)
	m := newGaussian(s)
	pending, least, began := 30, math.Inf(1), 0
	for i := range s.Trials {
		if _, ok := m.Ask(i); !ok {
			t.Fatal(i)
		}
		if i < pending {
			continue
		}
		y := 1.0
		if i == pending {
			y = 0 // nothing will be better
		}
		m.Tell(i-pending, Outcome{State: sweep.Succeeded, Known: true, Value: y})
		if m.region != nil {
			least = min(least, m.region.length)
			began = max(began, m.region.since)
		}
	}
	if least > 2*leastLength || began == 0 {
		t.Errorf("the region came to a length of %v, and began again at trial %d", least, began)
	}
}

// Once it has converged, be that at an end of the range, a search still proposes points of the range, and none again while
// there are others.
func TestConvergedGaussianStaysInside(t *testing.T) {
	const trials = 70
	for shape, points := range map[string]int{
		"{min: -3.0, max: 1.7}":                                           trials,
		"{distribution: log_uniform_values, min: 1e-5, max: 0.1}":         trials,
		"{min: 1, max: 60}":                                               60,
		"{min: 1, max: 3000}":                                             trials,
		"{distribution: q_uniform, min: 0, max: 1, q: 0.02}":              51,
		"{distribution: q_log_uniform_values, min: 1, max: 100, q: 1}":    trials,
		"{values: [1, 2, 4, 8, 16, 32]}, y: {values: [a, b, c, d, e, f]}": 36,
	} {
		for _, at := range []float64{0, 0.37, 1} {
			for _, pending := range []int{1, 30} {
				s := parse(t, "{method: gp, run_cap: 70, metric: {name: y}, program: x, parameters: {x: "+shape+"}}", 5)
				g := newGaussian(s)
				seen, us := map[string]bool{}, []float64{}
				for i := range trials {
					p, _ := g.Ask(i)
					u, _, ok := g.encoder.encode(p)
					if text := text(t, p); !ok || seen[text] && i < points {
						t.Fatalf("%s, best at %v, %d pending: point %d is %s", shape, at, pending, i, text)
					} else {
						seen[text] = true
					}
					us = append(us, u[0])
					if k := i - pending + 1; k >= 0 {
						g.Tell(k, Outcome{State: sweep.Succeeded, Known: true, Value: (us[k] - at) * (us[k] - at)})
					}
				}
			}
		}
	}
}
