package search

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search/gp"
)

// gaussian is Bayesian optimization with a Gaussian process (Jones, Schonlau, Welch 1998; the kernel and
// the acquisition function are named in package gp): the next point is where a measurement is expected to
// improve on the best by most. Trials in flight count as if they had brought what is expected of them, and
// so do failed ones, whose neighbourhood is avoided besides, as another process learns (feasibility).
type gaussian struct {
	*history
	seed    uint64
	startup cube
	embed   *embedding
	hyper   gp.Hyper
	fitted  int      // results, when hyper was learnt
	limits  gp.Hyper // of the process of failures
	limited int      // trials ended, when limits were learnt
	model   *surrogate
	region  *region  // nil while there are few trials
	heard   []*asked // that it was asked for, with a number, in the order of telling
	learnt  []*asked // that it was not asked for, with a number
	widest  int      // most trials in flight, when one was asked for
}

// surrogate is what is known of the objective.
type surrogate struct {
	objective   *gp.Posterior
	feasibility *feasibility // nil while nothing has failed
	best        float64      // expected at the best point
	top         []*asked     // the best trials
}

// mostMeasured is how many results one process takes in: its cost grows with their square.
const mostMeasured = 500

// mostWork bounds the square of the results that a process takes in times the length of their vectors, which is what
// learning from them costs: of more than 100 numbers fewer results are taken.
const mostWork = mostMeasured * mostMeasured * 100

// most is n, or as many results as a process for the space may take in.
func (g *gaussian) most(n int) int {
	return max(min(n, int(math.Sqrt(float64(mostWork/max(len(g.embed.groups), 1))))), startup)
}

// mostEnded is how many results and failures the process of failures takes in.
const mostEnded = 250

func newGaussian(spec *sweep.Spec) *gaussian {
	h := newHistory(spec)
	g := &gaussian{history: h, seed: spec.Seed, startup: sobol{spec.Seed}, embed: newEmbedding(h.encoder)}
	g.hyper, g.limits = gp.Prior(g.embed.groups), gp.Prior(g.embed.groups)
	return g
}

// Tell implements Method.
func (g *gaussian) Tell(index int, o Outcome) {
	a := g.finish(index, o)
	g.model = nil
	if a == nil || math.IsInf(a.loss, 1) {
		return
	}
	g.heard = append(g.heard, a)
	if g.region != nil {
		g.region.hear(g, a)
	}
}

// Learn implements Learner.
func (g *gaussian) Learn(index int, p sweep.Point, o Outcome) bool {
	g.model = nil
	a, fits := g.takeIn(index, p, o)
	if a == nil || math.IsInf(a.loss, 1) {
		return fits
	}
	g.learnt = append(g.learnt, a)
	if g.region != nil {
		g.region.know(a)
	}
	return fits
}

// Begin implements Learner.
func (g *gaussian) Begin(prior []sweep.Prior) {
	for _, a := range g.begin(prior) {
		if !math.IsInf(a.loss, 1) {
			g.learnt = append(g.learnt, a)
		}
	}
}

// Ask implements Method.
func (g *gaussian) Ask(index int) (sweep.Point, bool) {
	if index < 0 {
		return nil, false
	}
	r := rand.New(rand.NewPCG(g.seed, uint64(index)))
	g.widest = max(g.widest, len(g.flying)+1)
	if numbers(g.done) < startup || len(g.encoder.axes) == 0 {
		return g.explore(index, g.startup, r)
	}
	c := g.choose(index, r)
	if c == nil {
		return g.explore(index, nil, r)
	}
	a, p := g.take(index, c)
	if g.model != nil {
		g.model.believe(g.embed, a)
	}
	return p, true
}

// choose is the next point; nil when it may be any.
func (g *gaussian) choose(index int, r *rand.Rand) *candidate {
	if !g.crowded() {
		if g.model == nil {
			g.learn()
		}
		return g.propose(g.model, r)
	}
	g.model = nil
	if g.region == nil {
		g.region = newRegion(g, math.MinInt)
		for _, a := range g.learnt {
			g.region.know(a)
		}
		for _, a := range g.heard {
			g.region.hear(g, a)
		}
		g.region.length = firstLength
	}
	if g.region.length < leastLength {
		g.region = newRegion(g, index)
	}
	if g.region.measured < startup {
		return nil
	}
	return g.region.next(g, r)
}

// learn makes the model of what was told.
func (g *gaussian) learn() {
	n := numbers(g.done)
	x, y := g.measurements(g.measured(g.most(mostMeasured)))
	if g.fitted == 0 || n >= g.fitted+max(1, g.fitted/10) {
		g.fit(x, y)
		g.fitted = n
	}
	m := &surrogate{objective: gp.NewPosterior(g.embed.groups, g.hyper, x, y), top: g.done[:min(n, 10)]}
	m.best = slices.Min(m.objective.Means(x))
	failed := newest(g.done[n:], g.most(mostMeasured)/4)
	if len(failed) > 0 {
		again := g.limited == 0 || len(g.done) >= g.limited+max(1, g.limited/10)
		good := g.measured(g.most(mostEnded) - len(failed))
		m.feasibility, g.limits = newFeasibility(g.embed, good, failed, g.limits, again)
		if again {
			g.limited = len(g.done)
		}
	}
	m.believe(g.embed, failed...)
	m.believe(g.embed, g.flying...)
	g.model = m
}

func (g *gaussian) measurements(trials []*asked) (x [][]float64, y []float64) {
	losses := make([]float64, len(trials))
	for i, a := range trials {
		x = append(x, g.embed.vector(a.u, a.active))
		losses[i] = a.loss
	}
	return x, warp(losses)
}

func (g *gaussian) fit(x [][]float64, y []float64) {
	starts := []gp.Hyper{g.hyper}
	if g.fitted > 0 {
		starts = append(starts, gp.Prior(g.embed.groups))
	}
	g.hyper = gp.Fit(g.embed.groups, x, y, starts, 40)
}

// measured is the better half and the latest asked for of the others, as many as are wanted, by loss.
func (g *gaussian) measured(most int) []*asked {
	best := g.done[:numbers(g.done)]
	if len(best) <= most {
		return best
	}
	out := slices.Concat(best[:most/2], newest(best[most/2:], most-most/2))
	slices.SortFunc(out, compareAsked)
	return out
}

// believe counts trials that have no result as if they had brought what is expected of them.
func (m *surrogate) believe(e *embedding, trials ...*asked) {
	var x [][]float64
	for _, a := range trials {
		x = append(x, e.vector(a.u, a.active))
	}
	means, success := m.objective.Means(x), []float64(nil)
	if m.feasibility != nil {
		success = m.feasibility.Means(x)
	}
	for i, mean := range means {
		if success == nil || success[i] > 0 { // one that rather fails is nothing to improve on
			m.best = math.Min(m.best, mean)
		}
	}
	m.objective = m.objective.Believe(x)
}
