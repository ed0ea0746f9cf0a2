package search

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"github.com/kaon-sweep/kaon/sweep"
)

// tpe is the tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kégl 2011) with densities over
// all parameters together (Falkner, Klein, Hutter 2018): one density of the best trials, one of the others,
// and the next point is, of some drawn from the first, the one at which the ratio of the two is largest.
// Trials in flight count among the others, so that many may be chosen before one has finished (the constant
// liar of Ginsbourger et al. 2010). As Watanabe (2023) advises, the better of the best weigh more; and old
// trials of the others fade (Bergstra, Yamins, Cox 2013), so that the random ones of the beginning do not
// draw the search back to where nothing was found, but failures, which say where nothing will be found.
type tpe struct {
	*history
	seed    uint64
	startup cube
}

// The constants were chosen by kaon bench search: first over 100 trials one by one on five functions, among
// 85 random settings of all of them, then over 500 trials with 50 in flight, and were confirmed on
// other seeds.
const (
	startup    = 10   // trials finished before a model is trusted, one of them a success
	candidates = 32   // points compared for one suggestion
	goodShare  = 0.7  // of the root of how many have finished make the first density (Bergstra et al. 2011),
	mostGood   = 30   // but no more than so many
	mostOthers = 400  // kernels of the second density: more cost time and change nothing
	recent     = 25   // trials of the others that weigh whole, beside those in flight
	faded      = 1e-3 // weight of the oldest

	narrowing  = 0.5  // of Scott's rule: best trials lie along valleys, and Scott's rule is for one round hill
	smoother   = 0.68 // of Scott's rule, for the others: less, and each shadows only itself
	narrowest  = 0.22 // kernel after the first trials,
	sharpening = 0.62 // which shrinks with their number to the power of this
	widest     = 0.3  // kernel of the best
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
	better, worse := t.densities()
	var best *candidate
	for range candidates {
		c := t.candidate(better.sample(r))
		if c == nil {
			continue
		}
		if c.score = better.logDensity(c) - worse.logDensity(c); best == nil || c.score > best.score {
			best = c
		}
	}
	if best == nil {
		return t.explore(index, nil, r)
	}
	_, p := t.take(index, best)
	return p, true
}

// densities are those of the best trials and of the others. With many in flight fewer results stand behind each
// suggestion: the kernels of the best shrink later then, and are wider.
func (t *tpe) densities() (better, worse *parzen) {
	blind := 1 + math.Log1p(float64(len(t.flying)))
	least := narrowest * math.Pow(math.Max(float64(len(t.done))/startup/blind, 1), -sharpening)
	good, others := t.split()
	ranks := make([]float64, len(good)) // on average 1
	for i := range ranks {
		ranks[i] = math.Sqrt(1 - float64(i)/float64(len(good)))
	}
	floats.Scale(float64(len(good))/floats.Sum(ranks), ranks)
	better = newParzen(t.encoder, good, ranks, smoothing{narrowing * math.Pow(blind, 0.3), least, widest})
	worse = newParzen(t.encoder, others, t.fading(others), smoothing{smoother, 0.01, 1})
	return better, worse
}

// fading is the weights of the others: 1 for those of late and for failures, and less the older they are, from the
// first of what the search started from on.
func (t *tpe) fading(others []*asked) []float64 {
	first, last := 0, 0
	for _, o := range others {
		first, last = min(first, o.index), max(last, o.index)
	}
	whole := float64(recent + len(t.flying))
	weights := make([]float64, len(others))
	for i, o := range others {
		weights[i] = 1
		if age := float64(last - o.index); age > whole && !math.IsInf(o.loss, 1) {
			weights[i] = math.Max(1-(age-whole)/math.Max(float64(last-first+1)-whole, 1), faded)
		}
	}
	return weights
}

// split divides the trials into the best and the others, with those in flight.
func (t *tpe) split() (good, others []*asked) {
	n := min(int(math.Ceil(goodShare*math.Sqrt(float64(len(t.done))))), mostGood)
	for n > 1 && math.IsInf(t.done[n-1].loss, 1) {
		n-- // failures are no good, however many there are
	}
	for n < len(t.done)/4 && n < mostGood && t.done[n].loss == t.done[n-1].loss {
		n++ // as good as the good: among the others it would speak against them
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
