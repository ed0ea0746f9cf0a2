package search

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/kaon-sweep/kaon/sweep"
)

// cma is the covariance matrix adaptation evolution strategy, as in Hansen's tutorial (2016), with negative
// weights. Points are drawn from a normal distribution in the unit cube, again until they are inside. The
// distribution moves whenever as many trials have finished as its population counts, which is at least what
// is in flight. A trial that was drawn before the last move is told as an injected point (Hansen 2011): its
// step is cut to the length of likely ones. Integers keep a margin (Hamano et al. 2022). When a run has
// converged, another begins elsewhere, in one of two regimes (BIPOP; Hansen 2009).
type cma struct {
	*history
	seed     uint64
	drawn    map[int]draw
	finished []told
	restarts int
	run      *evolution
	regimes  regimes
}

// draw is where a trial's point was drawn, before it was moved to the middle of its cell.
type draw struct {
	x          []float64
	run        int // number of restarts then
	generation int
}

// told is a finished trial.
type told struct {
	draw
	trial *asked
}

func newCMA(spec *sweep.Spec) *cma {
	c := &cma{history: newHistory(spec), seed: spec.Seed, drawn: map[int]draw{}}
	middle := make([]float64, len(c.encoder.axes))
	for k := range middle {
		middle[k] = 0.5
	}
	c.run = newEvolution(c.encoder, middle, 1)
	return c
}

// redraws is how often a point outside the cube, refused by a constraint, or asked for before, is drawn
// again.
const redraws = 200

// Ask implements Method.
func (c *cma) Ask(index int) (sweep.Point, bool) {
	if index < 0 {
		return nil, false
	}
	r := rand.New(rand.NewPCG(c.seed, uint64(index)))
	if len(c.encoder.axes) == 0 {
		return c.explore(index, nil, r)
	}
	for try := range redraws {
		x := c.run.sample(r)
		if !allInside(x) {
			if try < redraws/2 {
				continue
			}
			for k := range x {
				x[k] = inside(x[k])
			}
		}
		u := slices.Clone(x)
		p, active, fresh, ok := c.place(u)
		if !ok || !fresh {
			continue
		}
		c.add(index, u, active)
		c.drawn[index] = draw{x, c.restarts, c.run.generation}
		return p, true
	}
	p, ok := c.explore(index, nil, r)
	if a := c.trials[index]; a != nil {
		c.drawn[index] = draw{slices.Clone(a.u), c.restarts, -1}
	}
	return p, ok
}

func allInside(x []float64) bool {
	for _, v := range x {
		if v <= 0 || v >= 1 {
			return false
		}
	}
	return true
}

// Learn implements Learner.
func (c *cma) Learn(index int, p sweep.Point, o Outcome) bool {
	if !c.history.Learn(index, p, o) {
		return false
	}
	c.beginAtBest()
	return true
}

// Begin implements Learner.
func (c *cma) Begin(prior []sweep.Prior) {
	c.begin(prior)
	c.beginAtBest()
}

// beginAtBest has the first run begin at the best of what is learnt, half as wide as one that knows nothing.
func (c *cma) beginAtBest() {
	begun := c.restarts > 0 || c.run.generation > 0 || len(c.drawn)+len(c.finished) > 0
	if begun || len(c.done) == 0 || math.IsInf(c.done[0].loss, 1) || len(c.encoder.axes) == 0 {
		return
	}
	c.run = newEvolution(c.encoder, slices.Clone(c.done[0].u), 1)
	c.run.sigma = firstSigma / 2
}

// Tell implements Method.
func (c *cma) Tell(index int, o Outcome) {
	d, known := c.drawn[index]
	delete(c.drawn, index)
	a := c.finish(index, o)
	if a == nil || !known || d.run != c.restarts {
		return
	}
	c.finished = append(c.finished, told{d, a})
	if len(c.finished) < max(c.run.population, len(c.flying)/stale) {
		return
	}
	slices.SortFunc(c.finished, func(a, b told) int { return compareAsked(a.trial, b.trial) })
	c.regimes.spend(len(c.finished))
	converged := c.run.move(c.finished)
	c.finished = nil
	if !converged {
		return
	}
	c.restarts++
	r := rand.New(rand.NewPCG(c.seed, hash(uint64(c.restarts), 1)))
	growth, sigma := c.regimes.next(r)
	start := make([]float64, len(c.encoder.axes))
	for k := range start {
		start[k] = r.Float64()
	}
	c.run = newEvolution(c.encoder, start, growth)
	c.run.sigma *= sigma
}

// stale is how many populations are in flight at most: their steps are of earlier distributions. Fewer,
// larger populations move too seldom (measured with 50 in flight).
const stale = 4

// firstSigma is the standard deviation that a run begins with, in every direction.
const firstSigma = 0.2

// evolution is one run of the strategy: a normal distribution that moves.
type evolution struct {
	axes             []axis
	population       int
	mean, scale      []float64 // scale is what the margin widens axes by
	sigma            float64
	covariance       *mat.SymDense
	basis            *mat.Dense // eigenvectors of the covariance, in columns
	lengths          []float64  // roots of its eigenvalues
	pathC, pathSigma []float64
	generation       int
}

func newEvolution(e *encoder, start []float64, growth float64) *evolution {
	d := len(start)
	v := &evolution{axes: e.axes, mean: start, sigma: firstSigma}
	v.population = int(growth * (4 + math.Floor(3*math.Log(math.Max(float64(d), 1)))))
	v.pathC, v.pathSigma = make([]float64, d), make([]float64, d)
	if d == 0 {
		return v
	}
	v.covariance, v.basis = mat.NewSymDense(d, nil), mat.NewDense(d, d, nil)
	for k := range d {
		v.covariance.SetSym(k, k, 1)
		v.basis.Set(k, k, 1)
		v.lengths, v.scale = append(v.lengths, 1), append(v.scale, 1)
	}
	return v
}

func (v *evolution) sample(r *rand.Rand) []float64 {
	d := len(v.mean)
	x := slices.Clone(v.mean)
	for j := range d {
		z := v.lengths[j] * r.NormFloat64()
		for k := range d {
			x[k] += v.sigma * v.scale[k] * v.basis.At(k, j) * z
		}
	}
	return x
}

// whiten is the step y in coordinates in which the distribution is round, turned back.
func (v *evolution) whiten(y []float64) []float64 {
	d := len(y)
	out := make([]float64, d)
	for j := range d {
		dot := 0.0
		for k := range d {
			dot += v.basis.At(k, j) * y[k]
		}
		dot /= v.lengths[j]
		for k := range d {
			out[k] += v.basis.At(k, j) * dot
		}
	}
	return out
}
