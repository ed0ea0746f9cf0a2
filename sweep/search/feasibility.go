package search

import (
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/search/gp"
)

// feasibility is where trials are expected to succeed: a process of which a success measures 1 and a
// failure −1 (Gaussian process classification by least squares; Rasmussen, Williams 2006, 6.5). Failures
// that happen anywhere come out as its noise, and keep the search away from nowhere.
type feasibility struct {
	*gp.Posterior
	noise float64 // variance
}

// blurred is the least variance of the noise: a boundary is not known better than so, however sharp.
const blurred = 0.1

// newFeasibility learns from successes and failures. hyper is what was learnt before, and fit says to learn
// it anew.
func newFeasibility(e *embedding, good, bad []*asked, hyper gp.Hyper, fit bool) (*feasibility, gp.Hyper) {
	var x [][]float64
	var y []float64
	for _, a := range good {
		x, y = append(x, e.vector(a.u, a.active)), append(y, 1)
	}
	for _, a := range bad {
		x, y = append(x, e.vector(a.u, a.active)), append(y, -1)
	}
	if fit {
		hyper = gp.Fit(e.groups, x, y, []gp.Hyper{hyper}, 30)
	}
	noise := math.Max(hyper.Noise*hyper.Signal, blurred)
	hyper.Noise = noise / hyper.Signal
	return &feasibility{gp.NewPosterior(e.groups, hyper, x, y), noise}, hyper
}

// logProbability is that of a success where the process expects mean and deviation, and its derivatives.
func (f *feasibility) logProbability(mean, deviation float64) (value, byMean, byDeviation float64) {
	spread := math.Sqrt(deviation*deviation + f.noise)
	z := mean / spread
	value, slope := gp.LogProbability(z)
	return value, slope / spread, -slope * z * deviation / (spread * spread)
}

// newest are the last of trials to be asked for.
func newest(trials []*asked, most int) []*asked {
	if len(trials) <= most {
		return trials
	}
	out := slices.Clone(trials)
	slices.SortFunc(out, func(a, b *asked) int { return b.index - a.index })
	return out[:most]
}
