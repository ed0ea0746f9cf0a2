package board

import (
	"math"
	"sort"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// Ranked is a trial that succeeded, with its value of the objective.
type Ranked struct {
	Trial   int            `json:"trial"`
	Attempt int            `json:"attempt"`
	Value   results.Number `json:"value"`
}

// value is what a metric says of a trial; not ok when the trial did not report it.
func (b *Board) value(t *trial, metric uint32) (v float64, ok bool) {
	a := t.decisive().withPending(b)
	s := a.find(metric)
	if s == nil {
		return math.NaN(), false
	}
	v, _ = s.Reduced(b.metric(metric).Reduce)
	return v, true
}

// candidate is a trial's value of the objective if the trial may win: its final attempt succeeded (or was
// cached) and the value is finite.
func (b *Board) candidate(index int) (value float64, ok bool) {
	t := b.known(index)
	if t == nil || b.cfg.Objective.Name == "" || !t.state.CanWin() {
		return 0, false
	}
	value, ok = b.value(t, 0)
	return value, ok && sweep.IsFinite(value)
}

// beats reports whether trial i ranks before trial j, ties going to the lower index. A j of -1 is no trial.
func (b *Board) beats(i, j int) bool {
	v, ok := b.candidate(i)
	if !ok {
		return false
	}
	w, ok := b.candidate(j)
	return !ok || b.cfg.Objective.Wins(i, v, j, w)
}

// Best is the trial in front, O(1) unless the one that was in front has changed.
func (b *Board) Best() (r Ranked, ok bool) {
	if b.stale {
		b.best, b.stale = -1, false
		for i := range b.trials {
			if b.beats(i, b.best) {
				b.best = i
			}
		}
	}
	value, ok := b.candidate(b.best)
	if !ok {
		return Ranked{}, false
	}
	return b.ranked(b.best, value), true
}

func (b *Board) ranked(index int, value float64) Ranked {
	return Ranked{index, int(b.known(index).decisive().number), results.Number(value)}
}

// Improvement is a trial that was better than all candidates of lower index.
type Improvement struct {
	Trial int            `json:"trial"`
	Value results.Number `json:"value"`
}

// ranking is the k best candidates, best first, and the best value over the trials' indices: its steps only.
// O(trials + trials·log k at worst).
func (b *Board) ranking(k int) (top []Ranked, history []Improvement) {
	top, history = []Ranked{}, []Improvement{}
	better := b.cfg.Objective.Better
	for i := range b.trials {
		v, ok := b.candidate(i)
		if !ok {
			continue
		}
		if n := len(history); n == 0 || better(v, float64(history[n-1].Value)) {
			history = append(history, Improvement{i, results.Number(v)})
		}
		if len(top) == k {
			if k == 0 || !better(v, float64(top[k-1].Value)) {
				continue
			}
			top = top[:k-1]
		}
		at := sort.Search(len(top), func(j int) bool { return better(v, float64(top[j].Value)) })
		top = append(top, Ranked{})
		copy(top[at+1:], top[at:])
		top[at] = b.ranked(i, v)
	}
	return top, history
}
