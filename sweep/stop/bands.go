package stop

import (
	"github.com/kaon-sweep/kaon/sweep"
)

// bands is W&B's early_terminate as its engine has it (sweeps 0.3, hyperband_stopping.py): with each report, and with
// each that moves a band's bound, a trial is held to the bound of the last band it has come to. The engine counts
// finite reports only.
type bands struct {
	simple
	scale
	e      *sweep.EarlyStop
	named  bool // trials name their step
	rungs  []int64
	losses [][]float64 // by band, ascending
	at     []map[int]*trial
}

func newBands(spec *sweep.Spec, e *sweep.EarlyStop) *bands {
	b := &bands{scale: scale{spec.Objective.Goal}, e: e, named: spec.Objective.Step != "", rungs: e.Rungs[0],
		losses: make([][]float64, len(e.Rungs[0]))}
	for range b.rungs {
		b.at = append(b.at, map[int]*trial{})
	}
	return b
}

// bound is the loss beyond which trials of a band end: W&B takes the value at the position ⌊n/eta⌋, counted from 0.
func (b *bands) bound(band int) float64 {
	all := b.losses[band]
	return all[int(1/b.e.Eta*float64(len(all)))]
}

func (b *bands) report(t *trial, at int, r *Report) (decisions []Decision) {
	if !sweep.IsFinite(r.Value) {
		return nil
	}
	far := int64(r.Series.Finite)
	if b.named {
		far = t.At
	}
	moved := -1
	for met := len(t.Marks[at]); met < len(b.rungs) && far >= b.rungs[met]; met++ {
		t.Marks[at] = append(t.Marks[at], r.Value)
		insert(&b.losses[met], b.loss(r.Value))
		if met > 0 {
			delete(b.at[met-1], t.number)
		}
		b.at[met][t.number] = t
		moved = met
	}
	last := len(t.Marks[at]) - 1
	if last < 0 {
		return nil
	}
	if moved < 0 {
		return b.judge(t, at, nil)
	}
	for other, x := range b.at[last] { // in any order: Report sorts
		if !x.live || x.Decision != nil {
			delete(b.at[last], other)
			continue
		}
		decisions = b.judge(x, at, decisions)
	}
	return decisions
}

// begin has a trial that an earlier attempt brought to a band compared there again.
func (b *bands) begin(t *trial, at int) {
	if last := min(len(t.Marks[at]), len(b.at)) - 1; last >= 0 {
		b.at[last][t.number] = t
	}
}

// judge holds a trial to its last band.
func (b *bands) judge(t *trial, at int, decisions []Decision) []Decision {
	band := len(t.Marks[at]) - 1
	v := t.Marks[at][band]
	if !b.e.Strict {
		v = t.best
	}
	bound := b.bound(band)
	if !t.met || b.loss(v) <= bound {
		return decisions
	}
	return append(decisions, Decision{
		Trial: t.number, Rule: sweep.Hyperband, Rung: band + 1, Step: t.At, Value: sweep.Float(v),
		Bound: sweep.Float(b.value(bound)), Of: len(b.losses[band]),
	})
}

func (b *bands) restore(t *trial, at int) {
	for met, v := range t.Marks[at] {
		if met < len(b.losses) {
			insert(&b.losses[met], b.loss(v))
		}
	}
	if t.live {
		b.begin(t, at)
	}
}
