package board

import (
	"math"
	"slices"
	"sort"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// maxFront bounds the front that a summary lists; Summary.ParetoSize says how many there are.
const maxFront = 1000

// goals is the metrics with a direction: the objective, then the declared ones in their order.
func (b *Board) goals() (ids []uint32) {
	for id, m := range b.declared {
		if m.Goal != "" || id == 0 && b.cfg.Objective.Name != "" {
			ids = append(ids, uint32(id))
		}
	}
	return ids
}

// pareto is the front when there are two goals or more: of the trials that succeeded with a finite value for
// every goal, those that none dominates; of trials with equal values the first. Best first in the first goal.
func (b *Board) pareto() []ParetoPoint {
	ids := b.goals()
	if len(ids) < 2 {
		return nil
	}
	if !b.front.valid || b.front.of != b.changes {
		goals := make([]sweep.Metric, len(ids))
		for k, id := range ids {
			goals[k] = b.declared[id]
		}
		all := b.paretoPoints(ids)
		b.front = front{of: b.changes, valid: true, reference: reference(all, goals)}
		b.front.list = paretoFront(all, goals)
		b.front.volume, b.front.measured = hypervolume(b.front.list, b.front.reference, goals)
	}
	return b.front.list
}

// paretoPoints is the points that may stand on the front, each as its best trial in the first goal.
func (b *Board) paretoPoints(ids []uint32) (all []ParetoPoint) {
	need := b.needed()
next:
	for p := range b.pointCount() {
		values := make([]results.Number, len(ids))
		for k, id := range ids {
			v, trials := b.pointValue(p, id)
			if trials < need {
				continue next
			}
			values[k] = results.Number(v)
		}
		if b.violation(p) == 0 {
			all = append(all, ParetoPoint{b.bestOf(p), values})
		}
	}
	return all
}

// paretoFront sorts by the first goal, then the second and so on: what comes later dominates nothing that
// came before, so each trial is compared with the front alone. With two goals the last of the front decides,
// and the whole costs O(n log n); with more, O(n·front).
func paretoFront(all []ParetoPoint, goals []sweep.Metric) []ParetoPoint {
	sort.Slice(all, func(i, j int) bool {
		x, y := all[i], all[j]
		for k, goal := range goals {
			if x.Values[k] != y.Values[k] {
				return goal.Better(float64(x.Values[k]), float64(y.Values[k]))
			}
		}
		return x.Trial < y.Trial
	})
	list := []ParetoPoint{}
	for _, c := range all {
		rivals := list
		if len(goals) == 2 && len(list) > 0 {
			rivals = list[len(list)-1:]
		}
		if !slices.ContainsFunc(rivals, func(r ParetoPoint) bool { return weaklyDominates(r.Values, c.Values, goals) }) {
			list = append(list, c)
		}
	}
	return list
}

// weaklyDominates says whether x is at least as good as y in every goal.
func weaklyDominates(x, y []results.Number, goals []sweep.Metric) bool {
	for k, goal := range goals {
		if goal.Better(float64(y[k]), float64(x[k])) {
			return false
		}
	}
	return true
}

// Front is what a sweep with two goals or more comes to.
type Front struct {
	Goals       []sweep.Metric
	Points      []ParetoPoint // best first in the first goal
	Hypervolume float64       // NaN: the front is too large to be measured
	Reference   []float64     // in the order of the goals; nil: nothing was measured
}

// Front is the Pareto front; not ok with fewer than two goals.
func (b *Board) Front() (f Front, ok bool) {
	ids := b.goals()
	if len(ids) < 2 {
		return Front{}, false
	}
	f.Points = b.pareto()
	for _, id := range ids {
		f.Goals = append(f.Goals, b.declared[id])
	}
	f.Hypervolume, f.Reference = b.front.volume, b.front.reference
	if !b.front.measured {
		f.Hypervolume = math.NaN()
	}
	return f, true
}

// measure is the hypervolume of the front and what it is measured from; nil with fewer than two goals, and when nothing
// was measured.
func (b *Board) measure() (volume *results.Number, from []results.Number) {
	f, ok := b.Front()
	if !ok || len(f.Points) == 0 || math.IsNaN(f.Hypervolume) {
		return nil, nil
	}
	v := results.Number(f.Hypervolume)
	for _, r := range f.Reference {
		from = append(from, results.Number(r))
	}
	return &v, from
}
