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
		b.front = front{b.changes, true, paretoFront(b.paretoPoints(ids), goals)}
	}
	return b.front.list
}

func (b *Board) paretoPoints(ids []uint32) (all []ParetoPoint) {
next:
	for i := range b.trials {
		t := b.known(i)
		if t == nil || !t.state.CanWin() {
			continue
		}
		values := make([]results.Number, len(ids))
		for k, id := range ids {
			v, ok := b.value(t, id)
			if !ok || !sweep.IsFinite(v) {
				continue next
			}
			values[k] = results.Number(v)
		}
		all = append(all, ParetoPoint{i, values})
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
