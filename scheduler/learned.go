package scheduler

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// learned is the dialogue with a search whose points depend on results: which point each trial was given, and in
// which order points were asked for and results told, so that a restart can repeat it (law 6).
type learned struct {
	turn   uint64
	points map[int]sweep.Point
	asked  map[int]uint64 // turn of Point
	told   map[int]uint64 // turn of Observe
	replay []turn         // only while restoring
}

// turn is one step of the dialogue.
type turn struct {
	number uint64
	trial  int
	told   bool
	state  sweep.State
	value  float64
	known  bool
}

func newLearned() learned {
	return learned{points: map[int]sweep.Point{}, asked: map[int]uint64{}, told: map[int]uint64{}}
}

// point is the parameters of a trial, the same for all its attempts.
func (r *sweepRun) point(trial int) (sweep.Point, error) {
	if !r.study.Learns() {
		return r.study.Point(trial)
	}
	if p, ok := r.learned.points[trial]; ok {
		return p, nil
	}
	p, err := r.study.Point(trial)
	if err != nil {
		return nil, err
	}
	r.learned.turn++
	r.learned.points[trial], r.learned.asked[trial] = p, r.learned.turn
	return p, nil
}

// observe tells the search how a trial ended and returns the turn, 0 when it need not be repeated. A trial that the
// user retries is not told again.
func (r *sweepRun) observe(trial int, state sweep.State, g *Gauge) uint64 {
	if trial == ThenTrial || !r.study.Learns() || r.learned.asked[trial] == 0 {
		return 0
	}
	if n := r.learned.told[trial]; n > 0 {
		return n
	}
	value, known := g.value(r.spec.Objective.Reduce)
	r.learned.turn++
	r.learned.told[trial] = r.learned.turn
	r.study.Observe(trial, state, value, known)
	return r.learned.turn
}

// remember keeps a journaled trial's turns for relearn.
func (r *sweepRun) remember(e *TrialEntry) {
	if e.Asked > 0 {
		r.learned.replay = append(r.learned.replay, turn{number: e.Asked, trial: e.Trial})
	}
	if e.Told > 0 {
		value, known := e.Value.value(r.spec.Objective.Reduce)
		r.learned.replay = append(r.learned.replay, turn{e.Told, e.Trial, true, e.State, value, known})
	}
}

// relearn repeats the dialogue after a restart.
func (r *sweepRun) relearn() error {
	l := &r.learned
	slices.SortFunc(l.replay, func(a, b turn) int { return cmp.Compare(a.number, b.number) })
	for _, t := range l.replay {
		l.turn = t.number
		if t.told {
			l.told[t.trial] = t.number
			r.study.Observe(t.trial, t.state, t.value, t.known)
			continue
		}
		p, err := r.study.Point(t.trial)
		if err != nil {
			return err
		}
		l.points[t.trial], l.asked[t.trial] = p, t.number
	}
	l.replay = nil
	return nil
}
