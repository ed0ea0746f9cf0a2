package board

import (
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// reference is the point that a hypervolume is measured from: for each goal what the spec gives, else the worst value
// there is. Nil when there are no points.
func reference(all []ParetoPoint, goals []sweep.Metric) []float64 {
	if len(all) == 0 {
		return nil
	}
	worst := make([]float64, len(goals))
	for k, goal := range goals {
		if goal.Reference != nil {
			worst[k] = *goal.Reference
			continue
		}
		worst[k] = float64(all[0].Values[k])
		for _, p := range all {
			if v := float64(p.Values[k]); goal.Better(worst[k], v) {
				worst[k] = v
			}
		}
	}
	return worst
}

// mostWork bounds what measuring a front may cost, which grows with the power of the goals: fronts of some 14,000
// points with three goals, 500 with four, 100 with five.
const mostWork = 2e8

// hypervolume is the volume that a front dominates, up to the reference: the larger, the better the front. Points
// beyond the reference count for nothing. It is measured by slicing objectives (HSO; While, Hingston, Barone and Huband
// 2006), which for two goals is a sweep along the first.
func hypervolume(front []ParetoPoint, reference []float64, goals []sweep.Metric) (volume float64, measured bool) {
	if len(goals) > 2 && math.Pow(float64(len(front)), float64(len(goals)-1)) > mostWork {
		return 0, false
	}
	var gains [][]float64 // how much better than the reference, in each goal
	for _, p := range front {
		gain := make([]float64, len(goals))
		for k, goal := range goals {
			gain[k] = reference[k] - float64(p.Values[k])
			if goal.Goal == sweep.Maximize {
				gain[k] = -gain[k]
			}
		}
		if slices.Min(gain) > 0 {
			gains = append(gains, gain)
		}
	}
	return dominated(gains), true
}

// dominated is the volume of the union of the boxes from the origin to each point; all coordinates are positive.
func dominated(points [][]float64) (volume float64) {
	if len(points) == 0 {
		return 0
	}
	slices.SortFunc(points, func(a, b []float64) int { return slices.Compare(b, a) }) // the largest first
	if len(points[0]) == 2 {
		height := 0.0
		for _, p := range points {
			if p[1] > height {
				volume += p[0] * (p[1] - height)
				height = p[1]
			}
		}
		return volume
	}
	// slices along the first coordinate: between two neighbours the boxes of all points so far reach
	var behind [][]float64
	for i, p := range points {
		behind = outermost(behind, p[1:])
		next := 0.0
		if i+1 < len(points) {
			next = points[i+1][0]
		}
		if thick := p[0] - next; thick > 0 {
			volume += thick * dominated(behind)
		}
	}
	return volume
}

// outermost adds a point to those of which none reaches over another, and leaves out what is reached over then.
func outermost(kept [][]float64, q []float64) [][]float64 {
	if slices.ContainsFunc(kept, func(k []float64) bool { return reaches(k, q) }) {
		return kept
	}
	return append(slices.DeleteFunc(kept, func(k []float64) bool { return reaches(q, k) }), q)
}

// reaches says whether a is at least as large as b in every coordinate.
func reaches(a, b []float64) bool {
	for k := range a {
		if a[k] < b[k] {
			return false
		}
	}
	return true
}
