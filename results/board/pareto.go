package board

import (
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

// Pareto is the whole front, however many trials it has, best first in the first goal; empty without two goals.
func (b *Board) Pareto() []ParetoPoint {
	if f := b.pareto(); f != nil {
		return slices.Clone(f.points)
	}
	return nil
}

// pareto is the front when there are two goals or more, else nil: of the trials that succeeded with a finite value for
// every goal, those that none dominates; of trials with equal values the first.
func (b *Board) pareto() *front {
	ids := b.goals()
	if len(ids) < 2 {
		return nil
	}
	if b.front.valid && b.front.of == b.changes {
		return &b.front
	}
	f := front{of: b.changes, valid: true}
	for _, id := range ids {
		f.goals = append(f.goals, b.declared[id])
	}
	all := b.paretoPoints(ids)
	from := reference(all, f.goals)
	f.points = paretoFront(all, f.goals)
	if volume, measured := hypervolume(f.points, from, f.goals); measured && len(f.points) > 0 {
		v := results.Number(volume)
		f.volume = &v
		for _, r := range from {
			f.reference = append(f.reference, results.Number(r))
		}
	}
	b.front = f
	return &b.front
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
		if !slices.ContainsFunc(rivals, func(r ParetoPoint) bool {
			return weaklyDominates(r.Values, c.Values, goals)
		}) {
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
