package search

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// asked is a trial that a learning method has chosen the point of.
type asked struct {
	index  int
	u      []float64 // in the middle of its cells
	active []bool    // nil: every parameter is there
	loss   float64   // to be made small; infinite when the trial failed or reported no number
}

// has says whether the point has the parameter of an axis.
func (a *asked) has(k int) bool { return a.active == nil || a.active[k] }

// history is what a learning method remembers: the trials in flight, and the finished ones from the best
// on.
type history struct {
	encoder *encoder
	sign    float64 // -1 when the objective is to be made large
	trials  map[int]*asked
	flying  []*asked // in the order of asking
	done    []*asked // by loss, then by index
	seen    map[string]bool
}

func newHistory(spec *sweep.Spec) *history {
	h := &history{encoder: newEncoder(spec.Space), sign: 1, trials: map[int]*asked{}, seen: map[string]bool{}}
	if spec.Objective.Goal == sweep.Maximize {
		h.sign = -1
	}
	return h
}

// Replay implements Method.
func (h *history) Replay() bool { return true }

// add remembers that a trial was given a point.
func (h *history) add(index int, u []float64, active []bool) *asked {
	a := &asked{index: index, u: u, active: active}
	h.trials[index] = a
	h.flying = append(h.flying, a)
	h.seen[h.key(u, active)] = true
	return a
}

// finish moves a trial to the finished ones. A failed trial, and one whose objective is no number, ranks
// behind all others, so that a search learns to keep away from it, also when it was stopped for that. A trial that
// was stopped before it reported anything tells nothing, and is forgotten. It returns nil then, and for
// trials that are unknown or told already.
func (h *history) finish(index int, o Outcome) *asked {
	a := h.trials[index]
	if a == nil {
		return nil
	}
	delete(h.trials, index)
	h.flying = slices.DeleteFunc(h.flying, func(f *asked) bool { return f == a })
	return h.conclude(a, o)
}

// conclude takes a trial among the finished ones.
func (h *history) conclude(a *asked, o Outcome) *asked {
	if !h.judge(a, o) {
		return nil
	}
	at, _ := slices.BinarySearchFunc(h.done, a, compareAsked)
	h.done = slices.Insert(h.done, at, a)
	return a
}

// judge says whether a trial tells anything, and sets its loss.
func (h *history) judge(a *asked, o Outcome) bool {
	a.loss = math.Inf(1)
	if o.Known && !math.IsNaN(o.Value) {
		a.loss = h.sign * o.Value
	}
	if math.IsInf(a.loss, -1) {
		a.loss = math.Inf(1) // an infinite gain is no result
	}
	return o.State != sweep.Stopped || o.Known
}

func compareAsked(a, b *asked) int {
	switch {
	case a.loss < b.loss:
		return -1
	case a.loss > b.loss:
		return 1
	}
	return a.index - b.index
}

// key tells points apart by the coordinates of the parameters they have.
func (h *history) key(u []float64, active []bool) string {
	b := make([]byte, 0, 8*len(u))
	for k, x := range u {
		if active != nil && !active[k] {
			x = -1
		}
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return string(b)
}

// place settles coordinates and makes their point. fresh is false when the point was asked before.
func (h *history) place(u []float64) (p sweep.Point, active []bool, fresh, ok bool) {
	h.encoder.settle(u)
	p, active, ok = h.encoder.decode(u)
	return p, active, ok && !h.seen[h.key(u, active)], ok
}

// draws is how many random points are tried for one that is allowed and new, mostDraws for one that is at
// least allowed: constraints may accept fewer than one in a thousand.
const (
	draws     = 1000
	mostDraws = 1001 * draws
)

// explore is a point that no model has chosen: that of a sequence, or a random one where that was asked
// before or is refused by a constraint. It is one asked before when no other is found.
func (h *history) explore(index int, c cube, r *rand.Rand) (p sweep.Point, ok bool) {
	var spare []float64
	for try := 0; try < draws || spare == nil; try++ {
		if try == mostDraws {
			return nil, false
		}
		u := make([]float64, len(h.encoder.axes))
		for k := range u {
			if u[k] = r.Float64(); try == 0 && c != nil {
				u[k] = c.at(uint64(index), k)
			}
		}
		p, active, fresh, ok := h.place(u)
		if fresh {
			h.add(index, u, active)
			return p, true
		}
		if ok && spare == nil {
			spare = u
		}
	}
	p, active, _, ok := h.place(spare)
	h.add(index, spare, active)
	return p, ok
}

// numbers are how many of sorted trials have a finite loss.
func numbers(done []*asked) int {
	n, _ := slices.BinarySearchFunc(done, math.Inf(1), func(a *asked, inf float64) int {
		if a.loss < inf {
			return -1
		}
		return 1
	})
	return n
}

// Learn implements Learner.
func (h *history) Learn(index int, p sweep.Point, o Outcome) bool {
	_, fits := h.takeIn(index, p, o)
	return fits
}

// takeIn takes a trial among the finished ones that was not asked for: it ranks among the others, and its point is not
// asked for. Parameters that the point lacks count as switched off. It is nil when the trial tells nothing.
func (h *history) takeIn(index int, p sweep.Point, o Outcome) (a *asked, fits bool) {
	if a = h.newAsked(index, p); a == nil {
		return nil, false
	}
	return h.conclude(a, o), true
}

// newAsked makes a trial of a point that was not asked for; nil: it is none of this space.
func (h *history) newAsked(index int, p sweep.Point) *asked {
	u, active, ok := h.encoder.coordinates(p)
	if !ok {
		return nil
	}
	h.seen[h.key(u, active)] = true
	return &asked{index: index, u: u, active: active}
}

// Begin implements Learner.
func (h *history) Begin(prior []sweep.Prior) { h.begin(prior) }

// begin is those of a prior that tell anything, in their order, taken among the finished ones.
func (h *history) begin(prior []sweep.Prior) (all []*asked) {
	for i, t := range prior {
		a := h.newAsked(i-len(prior), t.Point)
		if a != nil && h.judge(a, Outcome{State: t.State, Value: t.Value, Known: t.Known}) {
			all = append(all, a)
		}
	}
	h.done = append(h.done, all...)
	slices.SortFunc(h.done, compareAsked)
	return all
}

// candidate is a point that might be asked for next.
type candidate struct {
	u      []float64
	active []bool
	score  float64
}

// has says whether the point has the parameter of an axis.
func (c *candidate) has(k int) bool { return c.active == nil || c.active[k] }

// candidate settles coordinates; nil when the point is refused or known.
func (h *history) candidate(u []float64) *candidate {
	c := &candidate{u: u}
	h.encoder.settle(u)
	if h.encoder.condition {
		var ok bool
		if _, c.active, ok = h.encoder.decode(u); !ok {
			return nil
		}
	}
	if h.seen[h.key(u, c.active)] {
		return nil
	}
	return c
}

// take gives a trial the point of a candidate.
func (h *history) take(index int, c *candidate) (*asked, sweep.Point) {
	p, _, _ := h.encoder.decode(c.u)
	return h.add(index, c.u, c.active), p
}
