package search

import (
	"fmt"
	"math/big"

	"github.com/kaon-sweep/kaon/sweep"
)

// Method chooses points. Implementations are deterministic: the same spec, seed and order of calls give the
// same points.
type Method interface {
	// Ask is the point of trial index, counted from 0. ok is false when the method has no such point: the
	// grid is walked to its end, or constraints refuse everything that is drawn. Ask does not block.
	// Methods for which Replay is false may be asked for any index, in any order, again and again; the
	// others are asked once for each index, ascending.
	Ask(index int) (p sweep.Point, ok bool)

	// Tell reports how a trial ended. It does not block. Methods that learn nothing ignore it.
	Tell(index int, o Outcome)

	// Replay says whether the answers depend on what was told before, so that after a crash the Asks and
	// Tells of the journal have to be repeated in their order.
	Replay() bool
}

// Outcome is how a trial ended, as far as a search cares.
type Outcome struct {
	State sweep.State
	Value float64 // of the objective, reduced; meaningless unless Known; NaN or infinite when the trial diverged
	Known bool    // the trial reported its objective, were it no finite number
}

// Learner is a method that takes in results of trials which it was not asked for: of the search that it goes on
// from, or of other sweeps.
type Learner interface {
	Method
	// Learn takes in how a trial ended at a point that may be of another space: parameters are matched by name.
	// The index is that of a trial of this sweep, or negative. The answer is whether the point tells anything of
	// this space. Learn does not block.
	Learn(index int, p sweep.Point, o Outcome) (fits bool)
	// Begin is Learn with all that the search starts from, in its order: the last trial has the index -1. They are
	// sorted once, where each Learn costs time in proportion to what is known.
	Begin(prior []sweep.Prior)
}

// named is the method of that name, which was told what the spec starts from.
func named(spec *sweep.Spec) (Method, error) {
	m, err := untold(spec)
	if l, ok := m.(Learner); ok {
		l.Begin(spec.Prior)
	}
	return m, err
}

func untold(spec *sweep.Spec) (Method, error) {
	switch spec.Method {
	case "grid":
		return grid{space: spec.Space, seed: spec.Seed, shuffled: spec.Shuffled}, nil
	case "random":
		return random{space: spec.Space, seed: spec.Seed}, nil
	case "sobol":
		return newSequence(spec, func(seed uint64) cube { return sobol{seed} }), nil
	case "halton":
		primes := firstPrimes(len(spec.Space.Dimensions()))
		return newSequence(spec, func(seed uint64) cube { return halton{seed, primes} }), nil
	case "lhs":
		return newHypercube(spec), nil
	case "tpe":
		return newTPE(spec), nil
	case "gp":
		return newGaussian(spec), nil
	case "cma-es":
		return newCMA(spec), nil
	}
	return nil, fmt.Errorf("make search method %q: not built", spec.Method)
}

// stateless is what methods share that answer from the index alone.
type stateless struct{}

func (stateless) Tell(int, Outcome) {}
func (stateless) Replay() bool      { return false }

// grid walks every combination, the last parameter fastest, or in an order that the seed chooses.
type grid struct {
	stateless
	space    *sweep.Space
	seed     uint64
	shuffled bool
}

func (g grid) Ask(index int) (sweep.Point, bool) {
	i := big.NewInt(int64(index))
	if size, finite := g.space.Size(); index < 0 || !finite || i.Cmp(size) >= 0 {
		return nil, false
	}
	if g.shuffled {
		return g.space.ShuffledAt(g.seed, index), true
	}
	return g.space.At(i), true
}

// random draws each trial's point from the spec's seed and the trial's index.
type random struct {
	stateless
	space *sweep.Space
	seed  uint64
}

func (r random) Ask(index int) (sweep.Point, bool) {
	if index < 0 {
		return nil, false
	}
	return r.space.Draw(r.seed, index)
}
