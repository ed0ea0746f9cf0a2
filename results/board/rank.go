package board

import (
	"sort"

	"github.com/kaon-sweep/kaon/results"
)

// Ranked is a trial that succeeded, with its value of the objective. Where points have several trials it is the best of
// its point, and the value is the point's.
type Ranked struct {
	Trial   int            `json:"trial"`
	Attempt int            `json:"attempt"`
	Value   results.Number `json:"value"`
	*Spread                // nil when points are single trials
}

// candidate is a point's value of the objective if the point may win: enough of its trials succeeded (or were
// cached) with a finite value, and its metrics are within their bounds.
func (b *Board) candidate(point int) (value float64, ok bool) {
	if b.cfg.Objective.Name == "" || point < 0 {
		return 0, false
	}
	value, trials := b.pointValue(point, 0)
	if trials < b.needed() {
		return 0, false
	}
	return value, b.violation(point) == 0
}

// beats reports whether point i ranks before point j, ties going to the lower index. A j of -1 is no point.
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
		for i := range b.pointCount() {
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

func (b *Board) ranked(point int, value float64) Ranked {
	index := b.bestOf(point)
	return Ranked{index, int(b.known(index).decisive().number), results.Number(value), b.spread(point)}
}

// maxHistory bounds the improvements of a summary: of more it has every 2^k-th, k being the least that suffices, and
// the last.
const maxHistory = 1000

// Improvement is a trial that was better than all candidates of lower index.
type Improvement struct {
	Trial int            `json:"trial"`
	Value results.Number `json:"value"`
}

// ranking is the k best candidates, best first, and the best value over the trials' indices: its steps only, thinned.
// O(trials + trials·log k at worst).
func (b *Board) ranking(k int) (top []Ranked, history []Improvement) {
	top, history = []Ranked{}, []Improvement{}
	better := b.cfg.Objective.Better
	for i := range b.pointCount() {
		v, ok := b.candidate(i)
		if !ok {
			continue
		}
		if n := len(history); n == 0 || better(v, float64(history[n-1].Value)) {
			history = append(history, Improvement{b.bestOf(i), results.Number(v)})
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
	return top, thinHistory(history)
}

func thinHistory(all []Improvement) []Improvement {
	if len(all) <= maxHistory {
		return all
	}
	every := 2
	for (len(all)-2)/every+2 > maxHistory { // of all but the last, and that
		every *= 2
	}
	thin := make([]Improvement, 0, maxHistory)
	for i := 0; i < len(all)-1; i += every {
		thin = append(thin, all[i])
	}
	return append(thin, all[len(all)-1])
}
