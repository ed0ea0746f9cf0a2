package search

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/search/gp"
)

// Beyond so many results, or trials in flight, one process for the whole space costs too much and knows too
// little: the search goes on in a trust region. With 50 in flight that was as good or better on every
// function of kaon bench search, at a tenth of the time.
const (
	manyMeasured = 1000
	manyFlying   = 20
)

// region is a trust region (TuRBO; Eriksson, Pearce, Gardner, Turner, Poloczek 2019): a box around the best
// point, in which a process of its own is fitted to the results nearby. Each point is where a function
// drawn from the process is least (Thompson sampling), so that points chosen at once differ as much as the
// process is unsure. Where trials fail another process learns, and points that would are taken by their chance
// to succeed (feasibility). The box grows while it finds better points and shrinks while it does not; when it has
// become tiny, another search begins from nothing.
type region struct {
	since    int     // index of the first trial that counts; of the first region all do
	length   float64 // of the box, in a coordinate of average length scale
	best     float64 // least loss
	better   bool    // than before, in this window
	window   int     // results since the length was decided on
	good     int     // windows in a row that found something better
	measured int     // results
	queue    []*candidate
	drawn    int // length of the queue when it was filled
	local    *local
	fitted   int // results when hyper was learnt
	hyper    gp.Hyper
}

// local is the process of a region after so many results.
type local struct {
	process  *gp.Posterior
	measured int
	trials   []*asked
	best     int          // of the trials, where the least is expected
	allowed  *feasibility // nil while nothing has failed
	ended    int          // trials, when that was learnt
}

const (
	firstLength, longestLength = 0.8, 1.6
	leastLength                = 1.0 / 128
	goodWindows                = 3    // in a row let the box grow
	littleBetter               = 1e-3 // of the good results' spread is no improvement
	localMeasured              = 400  // results that a region's process takes in,
	localFitted                = 150  // of which hyperparameters are learnt from so many
	queueShare                 = 8    // part of what is in flight that is chosen at once
)

func newRegion(g *gaussian, since int) *region {
	return &region{since: since, length: firstLength, best: math.Inf(1), hyper: gp.Prior(g.embed.groups)}
}

// crowded says whether there are too many trials for one process.
func (g *gaussian) crowded() bool {
	return len(g.heard) > manyMeasured || g.widest >= manyFlying
}

// know takes in a result of a trial that the search was not asked for: it says where the region is, and is no news of
// how the search goes.
func (t *region) know(a *asked) {
	if a.index >= t.since {
		t.measured++
		t.best = math.Min(t.best, a.loss)
	}
}

// hear moves the bounds of the region by a result.
func (t *region) hear(g *gaussian, a *asked) {
	if a.index < t.since {
		return
	}
	t.measured++
	t.window++
	if math.IsInf(t.best, 1) || a.loss < t.best-littleBetter*t.spread(g) {
		t.better = true
	}
	t.best = math.Min(t.best, a.loss)
	if t.window < max(4, len(g.encoder.axes), g.widest/windowShare) {
		return
	}
	switch {
	case t.better:
		if t.good++; t.good >= goodWindows {
			t.length, t.good = math.Min(2*t.length, longestLength), 0
		}
	default:
		t.length, t.good = t.length/2, 0
	}
	t.window, t.better = 0, false
}

// windowShare is how many windows pass while what is in flight comes back.
const windowShare = 2

// spread is how far the best results are apart.
func (t *region) spread(g *gaussian) float64 {
	n := numbers(g.done)
	return g.done[min(n-1, 50)].loss - g.done[0].loss
}

// next is a point from the region; nil when none is found.
func (t *region) next(g *gaussian, r *rand.Rand) *candidate {
	for range 2 {
		for len(t.queue) > 0 {
			c := t.queue[0]
			t.queue = t.queue[1:]
			if !g.seen[g.key(c.u, c.active)] {
				return c
			}
		}
		t.draw(g, r)
	}
	return nil
}

// draw fills the queue: with as many points as a part of what is in flight, and with twice as many when they
// were taken before any result came.
func (t *region) draw(g *gaussian, r *rand.Rand) {
	count := max(1, g.widest/queueShare)
	if t.local == nil || t.local.measured != t.measured {
		t.learn(g)
	} else {
		count = max(count, 2*t.drawn)
	}
	t.drawn = count
	if t.local.ended != len(g.done) {
		t.learnFailures(g)
	}
	var all []*candidate
	looks := min(2000, 300+20*count)
	for range looks {
		from := t.local.trials[t.local.best]
		if r.IntN(4) == 0 {
			from = t.local.trials[r.IntN(min(len(t.local.trials), 10))]
		}
		if c := g.candidate(t.within(g, from.u, r)); c != nil {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return
	}
	vectors := make([][]float64, len(all))
	for i, c := range all {
		vectors[i] = g.embed.vector(c.u, c.active)
	}
	values := t.local.process.Samples(vectors, count, r)
	chances := t.local.chances(vectors)
	taken := make([]bool, len(all))
	for f := range count {
		least, bar := -1, 0.0
		if chances != nil {
			bar = r.Float64()
		}
		for i := range all {
			if taken[i] || chances != nil && chances[i] < bar {
				continue
			}
			if least < 0 || values[i][f] < values[least][f] {
				least = i
			}
		}
		if least >= 0 {
			taken[least] = true
			t.queue = append(t.queue, all[least])
		}
	}
}

// learn fits the region's process to the results nearby.
func (t *region) learn(g *gaussian) {
	trials := t.nearby(g)
	x, y := g.measurements(trials)
	if t.fitted == 0 || t.measured >= t.fitted+max(8, t.fitted/10) {
		t.fitted = t.measured
		few, fewY := x, y
		if fitted := g.most(localFitted); len(x) > fitted {
			few, fewY = nil, nil
			for i := range fitted {
				j := i * len(x) / fitted
				few, fewY = append(few, x[j]), append(fewY, y[j])
			}
		}
		t.hyper = gp.Fit(g.embed.groups, few, standard(fewY), []gp.Hyper{t.hyper}, 20)
	}
	t.local = &local{process: gp.NewPosterior(g.embed.groups, gp.Adjust(g.embed.groups, t.hyper, x, y), x, y),
		measured: t.measured, trials: trials}
	least := math.Inf(1)
	for i, m := range t.local.process.Means(x) {
		if m < least {
			t.local.best, least = i, m
		}
	}
}

// learnFailures has the region know where trials fail: from those that failed nearest to it, and from its results.
func (t *region) learnFailures(g *gaussian) {
	t.local.ended = len(g.done)
	failed := g.done[numbers(g.done):]
	if len(failed) == 0 {
		return
	}
	if most := g.most(mostMeasured) / 4; len(failed) > most {
		failed = t.nearest(g, t.local.trials[t.local.best], failed[max(0, len(failed)-4*most):])[:most] // of the newest
	}
	good, most := t.local.trials, g.most(mostEnded)-len(failed)
	if len(good) > most {
		good = t.nearest(g, t.local.trials[t.local.best], good)[:most]
	}
	again := g.limited == 0 || len(g.done) >= g.limited+max(8, g.limited/10)
	t.local.allowed, g.limits = newFeasibility(g.embed, good, failed, g.limits, again)
	if again {
		g.limited = len(g.done)
	}
}

// chances is how likely a trial at each point is to succeed, as a part of what it is at the likeliest; nil: nothing has
// failed. A point that is taken so often as that says is weighted as the ordinary search weights it.
func (l *local) chances(vectors [][]float64) []float64 {
	if l.allowed == nil {
		return nil
	}
	means, deviations := l.allowed.Predict(vectors)
	out, most := make([]float64, len(vectors)), math.Inf(-1)
	for i := range vectors {
		out[i], _, _ = l.allowed.logProbability(means[i], deviations[i])
		most = math.Max(most, out[i])
	}
	for i := range out {
		out[i] = math.Exp(out[i] - most)
	}
	return out
}

// nearest is trials by their distance from one of them, or from another.
func (t *region) nearest(g *gaussian, from *asked, trials []*asked) []*asked {
	centre := g.embed.vector(from.u, from.active)
	distance := map[*asked]float64{}
	for _, a := range trials {
		sum := 0.0
		for f, v := range g.embed.vector(a.u, a.active) {
			d := (v - centre[f]) / t.hyper.Lengths[g.embed.groups[f]]
			sum += d * d
		}
		distance[a] = sum
	}
	out := slices.Clone(trials)
	slices.SortStableFunc(out, func(a, b *asked) int { return cmp.Compare(distance[a], distance[b]) })
	return out
}

// nearby is the results that the region's process is fitted to, by loss: the nearest to the best.
func (t *region) nearby(g *gaussian) []*asked {
	var pool []*asked
	most := g.most(localMeasured)
	for _, a := range g.measured(4 * most) {
		if a.index >= t.since {
			pool = append(pool, a)
		}
	}
	if len(pool) <= most {
		return pool
	}
	best := pool[:most/4]
	others := t.nearest(g, pool[0], pool[most/4:])
	out := append(slices.Clone(best), others[:most-len(best)]...)
	slices.SortFunc(out, compareAsked)
	return out
}

// within is a point of the box around another: some coordinates moved, at any scale below the box's.
func (t *region) within(g *gaussian, from []float64, r *rand.Rand) []float64 {
	u := slices.Clone(from)
	mean := 0.0
	for _, l := range t.hyper.Lengths {
		mean += math.Log(l)
	}
	mean = math.Exp(mean / float64(len(u)))
	scale := t.length
	if r.IntN(2) == 0 {
		scale *= math.Pow(2, -8*r.Float64())
	}
	share := math.Min(1, 20/float64(len(u)))
	sure := r.IntN(len(u))
	for k := range u {
		if k != sure && r.Float64() >= share {
			continue
		}
		if g.encoder.axes[k].kind == unordered {
			if k == sure || r.Float64() < 0.3 {
				u[k] = r.Float64()
			}
			continue
		}
		side := scale * math.Min(math.Max(t.hyper.Lengths[k]/mean, 0.1), 10)
		u[k] = inside(u[k] + side*(r.Float64()-0.5))
	}
	return u
}
