package importance

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/kaon-sweep/kaon/sweep"
)

// Scored is a trial's value of the objective, without its point.
type Scored struct {
	Trial int
	Value float64
}

// ExplainMany is Explain of trials, by their numbers, whose points are read as they are needed: of more than 20,000
// those of the best 1,000 and of others that are learnt from. Points is asked once, for trials by their numbers, and
// leaves out those without a point.
func ExplainMany(
	space *sweep.Space, goal sweep.Goal, all []Scored, points func(trials []int) ([]Trial, error),
) (Report, error) {
	all = slices.DeleteFunc(slices.Clone(all), func(t Scored) bool {
		return math.IsNaN(t.Value) || math.IsInf(t.Value, 0)
	})
	if len(all) <= readAll {
		trials, err := points(numbers(all))
		if err != nil {
			return Report{}, err
		}
		return Explain(space, goal, trials), nil
	}
	maximize := goal == sweep.Maximize
	steps := bestScored(all, maximize)
	slices.SortFunc(all, func(a, b Scored) int {
		x, y := a.Value, b.Value
		if maximize {
			x, y = -x, -y
		}
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a.Trial, b.Trial))
	})
	best, learn := all[:bestOf(len(all))], thinned(all)
	isBest, isLearnt := map[int]bool{}, map[int]bool{}
	for _, t := range best {
		isBest[t.Trial] = true
	}
	for _, t := range learn {
		isLearnt[t.Trial] = true
	}
	wanted := numbers(append(slices.Clone(best), learn...))
	slices.Sort(wanted)
	trials, err := points(slices.Compact(wanted))
	if err != nil {
		return Report{}, err
	}
	axes := axesOf(space)
	rows := rowsOf(space, axes, trials, maximize)
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].y < rows[j].y })
	var region, learnt []row
	for _, r := range rows {
		if isBest[r.Trial.Trial] {
			region = append(region, r)
		}
		if isLearnt[r.Trial.Trial] {
			learnt = append(learnt, r)
		}
	}
	return explain(axes, steps, region, learnt), nil
}

func numbers(all []Scored) []int {
	list := make([]int, len(all))
	for i, t := range all {
		list[i] = t.Trial
	}
	return list
}

// bestScored is bestSoFar of trials by their numbers.
func bestScored(all []Scored, maximize bool) []Step {
	steps := []Step{}
	for _, t := range all {
		if n := len(steps); n == 0 || maximize && t.Value > steps[n-1].Value ||
			!maximize && t.Value < steps[n-1].Value {
			steps = append(steps, Step{t.Trial, t.Value})
		}
	}
	return steps
}
