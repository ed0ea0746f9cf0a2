package search

import (
	"math"
	"math/rand/v2"

	"github.com/kaon-sweep/kaon/sweep"
)

// tpe is the tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kégl 2011) with densities over
// all parameters together (Falkner, Klein, Hutter 2018): one density of the best trials, one of the others,
// and the next point is, of some drawn from the first, the one at which the ratio of the two is largest.
// Trials in flight count among the others, so that many may be chosen before one has finished (the constant
// liar of Ginsbourger et al. 2010).
type tpe struct {
	*history
	seed    uint64
	startup cube
}

// The constants were chosen by kaon bench search, over its functions, 50 to 200 trials and 1 or 50 in
// flight.
const (
	startup    = 10   // trials finished before a model is trusted, one of them a success
	candidates = 48   // points compared for one suggestion
	goodShare  = 0.1  // of the finished trials make the first density,
	mostGood   = 30   // but no more than so many
	mostOthers = 400  // kernels of the second density: more cost time and change nothing
	narrowing  = 0.8  // of Scott's rule: best trials lie along valleys, and Scott's rule is for one round hill
	narrowest  = 0.2  // kernel after the first trials,
	sharpening = 0.35 // which shrinks with their number to the power of this
)

func newTPE(spec *sweep.Spec) *tpe {
	return &tpe{history: newHistory(spec), seed: spec.Seed, startup: sobol{spec.Seed}}
}

// Tell implements Method.
func (t *tpe) Tell(index int, o Outcome) { t.finish(index, o) }

// Ask implements Method.
func (t *tpe) Ask(index int) (sweep.Point, bool) {
	if index < 0 {
		return nil, false
	}
	r := rand.New(rand.NewPCG(t.seed, uint64(index)))
	if len(t.done) < startup || math.IsInf(t.done[0].loss, 1) || len(t.encoder.axes) == 0 {
		return t.explore(index, t.startup, r)
	}
	good, others := t.split()
	least := narrowest * math.Pow(float64(len(t.done))/startup, -sharpening)
	better := newParzen(t.encoder, good, smoothing{narrowing, least, 0.3})
	worse := newParzen(t.encoder, others, smoothing{narrowing, least, 1})
	var best *asked
	var point sweep.Point
	highest := math.Inf(-1)
	for range candidates {
		c := &asked{u: better.sample(r)}
		t.encoder.settle(c.u)
		var p sweep.Point
		if t.encoder.condition {
			var ok bool
			if p, c.active, ok = t.encoder.decode(c.u); !ok {
				continue
			}
		}
		if t.seen[t.key(c.u, c.active)] {
			continue
		}
		if score := better.logDensity(c) - worse.logDensity(c); score > highest {
			best, point, highest = c, p, score
		}
	}
	if best == nil {
		return t.explore(index, nil, r)
	}
	if point == nil {
		point, _, _ = t.encoder.decode(best.u)
	}
	t.add(index, best.u, best.active)
	return point, true
}

// split divides the trials into the best and the others, with those in flight.
func (t *tpe) split() (good, others []*asked) {
	n := min(int(math.Ceil(goodShare*float64(len(t.done)))), mostGood)
	for n > 1 && math.IsInf(t.done[n-1].loss, 1) {
		n-- // failures are no good, however many there are
	}
	good = t.done[:n]
	rest := t.done[n:]
	others = append(others, t.flying...)
	step := max(1, float64(len(rest))/mostOthers)
	for x := 0.0; int(x) < len(rest); x += step {
		others = append(others, rest[int(x)])
	}
	return good, others
}
