package stop

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// halving is asynchronous successive halving: a trial that comes to a rung goes on if it is among the best eta-th of
// those that have come there so far, itself included, and at least the best. Nobody waits for anybody, so it does the
// same with one trial at a time and with thousands. With brackets it is Hyperband: trials of later brackets meet their
// first rung later.
type halving struct {
	scale
	e       *sweep.EarlyStop
	reduce  sweep.Reduce
	seed    uint64
	weights []float64     // by bracket, adding up to 1
	losses  [][][]float64 // by bracket and rung, ascending
}

func newHalving(spec *sweep.Spec, e *sweep.EarlyStop) *halving {
	h := &halving{scale: scale{spec.Objective.Goal}, e: e, reduce: spec.Objective.Reduce, seed: spec.Seed}
	sum := 0.0
	for _, rungs := range e.Rungs {
		h.losses = append(h.losses, make([][]float64, len(rungs)))
		// Hyperband gives a bracket of s rungs ⌈(s_max+1)/(s+1)·eta^s⌉ trials, so that all brackets cost the same
		s := float64(len(rungs))
		w := float64(len(e.Rungs[0])+1) / (s + 1) * math.Pow(e.Eta, s)
		h.weights = append(h.weights, w)
		sum += w
	}
	for i := range h.weights {
		h.weights[i] /= sum
	}
	return h
}

// bracketOf is the bracket of a trial, drawn by the seed and its number, so that it does not depend on when the trial
// starts.
func (h *halving) bracketOf(number int) int {
	if len(h.weights) < 2 {
		return 0
	}
	u := rand.New(rand.NewPCG(h.seed, uint64(number)+1)).Float64()
	for i, w := range h.weights {
		if u -= w; u < 0 {
			return i
		}
	}
	return 0
}

func (h *halving) join(t *trial, at int) { t.bracket[at] = h.bracketOf(t.number) }

func (h *halving) begin(*trial, int) {}

func (h *halving) report(t *trial, at int, r *Report) []Decision {
	b := t.bracket[at]
	rungs := h.e.Rungs[b]
	for met := len(t.Marks[at]); met < len(rungs) && t.At >= rungs[met]; met++ {
		v, _ := r.Series.Reduced(h.reduce)
		loss := h.loss(v)
		t.Marks[at] = append(t.Marks[at], v)
		all := insert(&h.losses[b][met], loss)
		// a report may pass several rungs: it is compared at each with what it has now
		bound := all[max(1, int(float64(len(all))/h.e.Eta))-1]
		if loss > bound || math.IsInf(loss, 1) {
			return []Decision{{
				Trial: t.number, Rule: sweep.ASHA, Bracket: b, Rung: met + 1, Step: t.At,
				Value: sweep.Float(v), Bound: sweep.Float(h.value(bound)), Of: len(all),
			}}
		}
	}
	return nil
}

func (h *halving) restore(t *trial, at int) {
	b := t.bracket[at]
	for met, v := range t.Marks[at] {
		if met < len(h.losses[b]) {
			insert(&h.losses[b][met], h.loss(v))
		}
	}
}

// insert puts a loss into its place.
func insert(sorted *[]float64, loss float64) []float64 {
	i, _ := slices.BinarySearch(*sorted, loss)
	*sorted = slices.Insert(*sorted, i, loss)
	return *sorted
}
