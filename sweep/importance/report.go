package importance

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/kaon-sweep/kaon/sweep"
)

// Report explains a sweep. Fields may be added, not renamed.
type Report struct {
	Method       string  `json:"method"`         // fanova
	Trials       int     `json:"trials"`         // that were learnt from
	Fit          float64 `json:"fit"`            // share of the variance explained in trials that were held out
	Importance   []Share `json:"importance"`     // of each parameter alone, the largest first
	Interactions []Pair  `json:"interactions"`   // of two parameters beyond what each makes alone, the largest first
	BestSoFar    []Step  `json:"best_so_far"`    // trials that were better than all with lower numbers
	Best         int     `json:"region_trials"`  // how many of the best trials the region is of
	Region       []Range `json:"region"`         // where they lie, by parameter
	Note         string  `json:"note,omitempty"` // why there is no importance, or how far it can be believed
}

// Share is how much of the differences between trials a parameter makes, of 1.
type Share struct {
	Parameter string  `json:"parameter"`
	Share     float64 `json:"share"`
}

// Pair is how much two parameters make together.
type Pair struct {
	Parameters [2]string `json:"parameters"`
	Share      float64   `json:"share"`
}

// Step is a trial that was the best so far.
type Step struct {
	Trial int     `json:"trial"`
	Value float64 `json:"value"`
}

// Range is what the best trials have of a parameter: of numbers the lowest and the highest, of choices each
// value, the most frequent first. Narrowed is the share of the parameter's distribution that is left.
type Range struct {
	Parameter string       `json:"parameter"`
	Low       sweep.Value  `json:"low,omitempty"`
	High      sweep.Value  `json:"high,omitempty"`
	Values    []ValueCount `json:"values,omitempty"`
	Narrowed  float64      `json:"share"`
	Trials    int          `json:"trials"` // of the best that have the parameter
}

// ValueCount is how many of the best trials have a value.
type ValueCount struct {
	Value  sweep.Value `json:"value"`
	Trials int         `json:"trials"`
}

// fewTrials are too few to explain anything.
const fewTrials = 20

// mostTrials is how many are learnt from: more take seconds and change nothing. The best and every n-th of the
// others.
const mostTrials = 1000

// mostBest is how many trials the region is of, at most: the range of very many reaches wherever anybody looked.
const mostBest = 1000

// readAll is how many trials are so few that the points of all are read.
const readAll = 20_000

// paired is how many parameters, the most important, pairs are made of.
const paired = 8

// doubtful is the fit below which a forest is no ground to stand on.
const doubtful = 0.3

// Explain says what the values of trials depend on.
func Explain(space *sweep.Space, goal sweep.Goal, trials []Trial) Report {
	trials = slices.DeleteFunc(slices.Clone(trials), func(t Trial) bool {
		return math.IsNaN(t.Value) || math.IsInf(t.Value, 0)
	})
	slices.SortFunc(trials, func(a, b Trial) int { return cmp.Compare(a.Trial, b.Trial) })
	axes := axesOf(space)
	rows := rowsOf(space, axes, trials, goal == sweep.Maximize)
	steps := bestSoFar(rows)
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].y < rows[j].y })
	return explain(axes, steps, rows[:bestOf(len(rows))], rows)
}

// bestOf is how many of so many trials the region is of.
func bestOf(n int) int { return min(max(n/10, 5), n, mostBest) }

// explain is a report of rows by their value, the best first: its region is of best, and rows are learnt from, or as
// many of them as suffice.
func explain(axes []axis, steps []Step, best, rows []row) Report {
	r := Report{Method: "fanova", Importance: []Share{}, Interactions: []Pair{}, BestSoFar: steps, Best: len(best),
		Region: []Range{}}
	if len(best) > 0 {
		r.Region = region(axes, best)
	}
	switch {
	case len(axes) == 0:
		r.Note = "no parameter has two values"
		return r
	case len(rows) < fewTrials:
		r.Note = fmt.Sprintf("%d trials have a value, and importance needs %d", len(rows), fewTrials)
		return r
	case rows[0].y == rows[len(rows)-1].y:
		r.Note = "all trials have the same value"
		return r
	}
	rows = thinned(rows)
	scale(rows) // so that distances are numbers
	calm(rows)
	scale(rows) // what is left, beside values far worse
	r.Trials = len(rows)
	f := grow(axes, rows)
	r.Fit = f.fit
	r.shares(&f)
	if r.Fit < doubtful {
		r.Note = fmt.Sprintf("the parameters explain %.0f %% of the differences between trials that were held out: "+
			"believe little of it", 100*math.Max(r.Fit, 0))
	}
	return r
}

// thinned is the best half of what may be learnt from, and of the others every n-th.
func thinned[T any](rows []T) []T {
	if len(rows) <= mostTrials {
		return slices.Clone(rows)
	}
	out := slices.Clone(rows[:mostTrials/2])
	step := float64(len(rows)-mostTrials/2) / (mostTrials / 2)
	for i := range mostTrials / 2 {
		out = append(out, rows[mostTrials/2+int(float64(i)*step)])
	}
	return out
}

// shares are of the variance of the forest's mean.
func (r *Report) shares(f *forest) {
	v := decompose(f)
	share := func(part float64) float64 { return math.Min(part/math.Max(v.all, 1e-300), 1) }
	order := make([]int, len(f.axes))
	for k := range order {
		order[k] = k
	}
	sort.SliceStable(order, func(i, j int) bool { return v.single[order[i]] > v.single[order[j]] })
	for i, k := range order {
		r.Importance = append(r.Importance, Share{f.axes[k].Name, share(v.single[k])})
		for _, other := range order[:min(i, paired)] {
			if i < paired {
				one, two := min(k, other), max(k, other)
				pair := Pair{[2]string{f.axes[one].Name, f.axes[two].Name}, share(v.together(one, two))}
				r.Interactions = append(r.Interactions, pair)
			}
		}
	}
	sort.SliceStable(r.Interactions, func(i, j int) bool { return r.Interactions[i].Share > r.Interactions[j].Share })
}

// bestSoFar is the rows, by trial, that are better than all before.
func bestSoFar(rows []row) []Step {
	steps := []Step{}
	best := math.Inf(1)
	for _, r := range rows {
		if r.y < best {
			best = r.y
			steps = append(steps, Step{r.Trial.Trial, r.Value})
		}
	}
	return steps
}
