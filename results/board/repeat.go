package board

import (
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// A point is the trials that ran the same parameters with different seeds: trial i is of point i/repeats. What is
// ranked are points; without repeats each is one trial.

// Repeats is how many trials a point has.
func (b *Board) Repeats() int { return max(b.cfg.Repeat.Trials, 1) }

// pointCount is how many points there are of which a trial is known, or may be.
func (b *Board) pointCount() int { return (b.trials + b.Repeats() - 1) / b.Repeats() }

// place is the point that a trial runs, and which of its trials it is; nil when points are single trials.
func (b *Board) place(index int) (point, repeat *int) {
	if b.Repeats() == 1 {
		return nil, nil
	}
	p, r := index/b.Repeats(), index%b.Repeats()
	return &p, &r
}

// pointValue is what a metric says of a point: of its trials that succeeded with a finite value the rank's number, and
// how many these are.
func (b *Board) pointValue(point int, metric uint32) (v float64, trials int) {
	if b.Repeats() == 1 {
		v, ok := b.won(point, metric)
		if !ok {
			return 0, 0
		}
		return v, 1
	}
	values := b.pointValues(point, metric)
	return b.cfg.Repeat.Rank.Of(values), len(values)
}

// pointValues is the finite values of a metric of the point's trials that succeeded, by index.
func (b *Board) pointValues(point int, metric uint32) (values []float64) {
	for i := range b.Repeats() {
		if v, ok := b.won(point*b.Repeats()+i, metric); ok {
			values = append(values, v)
		}
	}
	return values
}

// won is the value of a metric of a trial that succeeded, or was cached, when it is finite.
func (b *Board) won(index int, metric uint32) (v float64, ok bool) {
	t := b.known(index)
	if t == nil || !t.state.CanWin() {
		return 0, false
	}
	v, ok = b.value(t, metric)
	return v, ok && sweep.IsFinite(v)
}

// needed is how many trials of a point must have succeeded for the point to win: more than half, or as many as the
// point with the most has, while none has more than half. So a lucky trial of a point that fails else does not win, and
// a sweep that was stopped early has a winner all the same.
func (b *Board) needed() int {
	most := b.Repeats()/2 + 1
	if b.Repeats() == 1 || b.cfg.Objective.Name == "" {
		return 1
	}
	if b.need.valid && b.need.of == b.changes {
		return b.need.trials
	}
	found := 0
	for p := 0; p < b.pointCount() && found < most; p++ {
		found = max(found, len(b.pointValues(p, 0)))
	}
	b.need = need{b.changes, true, max(min(found, most), 1)}
	return b.need.trials
}

// bestOf is the point's trial with the best value of the objective, which stands for it where one trial must.
func (b *Board) bestOf(point int) int {
	if b.Repeats() == 1 {
		return point
	}
	best, value := -1, 0.0
	for i := range b.Repeats() {
		index := point*b.Repeats() + i
		if v, ok := b.won(index, 0); ok && (best < 0 || b.cfg.Objective.Wins(index, v, best, value)) {
			best, value = index, v
		}
	}
	return best
}

// Spread is how the trials of a point differ in the objective.
type Spread struct {
	Point  int            `json:"point"`            // from 0
	Trials int            `json:"trials"`           // that succeeded with a finite value
	Failed int            `json:"failed"`           // that ended otherwise
	Spared int            `json:"spared,omitempty"` // that did not run, as the point had lost its race
	Mean   results.Number `json:"mean"`
	Std    results.Number `json:"std"` // of the sample
	Min    results.Number `json:"min"`
	Max    results.Number `json:"max"`
}

// spread of a point; nil when points are single trials.
func (b *Board) spread(point int) *Spread {
	if b.Repeats() == 1 {
		return nil
	}
	values := b.pointValues(point, 0)
	s := &Spread{Point: point, Trials: len(values), Std: results.Number(sweep.Deviation(values))}
	for i := range b.Repeats() {
		index := point*b.Repeats() + i
		if t := b.known(index); t != nil && t.state.Terminal() {
			switch _, ok := b.won(index, 0); {
			case ok:
			case b.spared(t):
				s.Spared++
			default:
				s.Failed++
			}
		}
	}
	if len(values) > 0 {
		s.Mean = results.Number(sweep.RankMean.Of(slices.Clone(values)))
		s.Min, s.Max = results.Number(slices.Min(values)), results.Number(slices.Max(values))
	}
	return s
}

// spared reports whether a trial did not run as its point had lost its race.
func (b *Board) spared(t *trial) bool {
	a := t.decisive()
	if !b.cfg.Repeat.Racing || t.state != sweep.Stopped || !a.ended {
		return false
	}
	end := b.ends.get(a.end)
	return end.Stop != nil && end.Stop.Rule == sweep.Racing
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
