package stop

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/kaon-sweep/kaon/sweep"
)

// Race says in which order the trials of points that are repeated run, and which repeats need not run: those of points
// that are worse than the best by a one-sided t-test, as in the races of irace (López-Ibáñez et al. 2016, after Maron
// and Moore 1994), with a variance pooled over all points, since a point may have one trial only. All points run once,
// or where the search learns as they come; then the repeats of the better ones run before those of others. What it says
// depends on what it was told alone.
type Race struct {
	spec   *sweep.Spec
	learns bool
	points []racer
	next   int   // points from here on have not begun
	open   []int // points that have begun and have trials left that have not, ascending
	fresh  int   // trials that have ended since it was looked who is out
	lost   int   // trials that need not run
}

// racer is one point.
type racer struct {
	repeats []repeatState
	values  []float64 // by repeat; NaN: none that counts
	out     bool
}

type repeatState uint8

const (
	repeatWaits repeatState = iota
	repeatTaken             // its turn has come, and it has not begun
	repeatBegan
	repeatEnded
)

// raceError is how likely a point is to be dropped in one comparison though it is no worse than the best.
const raceError = 0.05

// NewRace begins the race of a sweep; nil: it has none. A search that learns is not asked for all its points first.
func NewRace(spec *sweep.Spec, learns bool) *Race {
	if !spec.Repeat.Racing {
		return nil
	}
	r := &Race{spec: spec, learns: learns}
	r.Extend(spec)
	return r
}

// Extend goes on by a spec with another number of trials.
func (r *Race) Extend(spec *sweep.Spec) {
	r.spec = spec
	n := spec.Points()
	if n < len(r.points) { // those beyond have not begun
		r.points, r.next = r.points[:n], min(r.next, n)
		r.open = slices.DeleteFunc(r.open, func(at int) bool { return at >= n })
	}
	for len(r.points) < n {
		p := racer{repeats: make([]repeatState, spec.Repeat.Trials), values: make([]float64, spec.Repeat.Trials)}
		for i := range p.values {
			p.values[i] = math.NaN()
		}
		r.points = append(r.points, p)
	}
}

// Reset takes the turns back of trials that have not begun: whoever took them has forgotten them.
func (r *Race) Reset() {
	r.next = 0
	r.fresh++ // there may be some that need not run
	for at := range r.points {
		p := &r.points[at]
		for i, state := range p.repeats {
			if state == repeatTaken {
				p.repeats[i] = repeatWaits
			}
		}
		r.list(at)
	}
}

// Next takes the trial that is to run next; not ok when none is left. Whoever does says when it has Began: until then
// it is one of those that may turn out not to need to.
func (r *Race) Next() (trial int, ok bool) {
	r.begin()
	if r.learns {
		for _, at := range r.open { // a point that has begun is settled before others begin
			if p := &r.points[at]; p.running() == 0 && p.waits() {
				return r.take(at)
			}
		}
	}
	if r.next < len(r.points) {
		return r.take(r.next)
	}
	best, running, mean := -1, 0, 0.0
	for _, at := range r.open {
		p := &r.points[at]
		if !p.waits() {
			continue
		}
		m, n := p.running(), p.mean()*r.sign() // NaN: nothing is known of it
		if best < 0 || m < running || m == running && (n < mean || math.IsNaN(mean) && !math.IsNaN(n)) {
			best, running, mean = at, m, n
		}
	}
	if best < 0 {
		return 0, false
	}
	return r.take(best)
}

// begin passes over points whose first trials have begun.
func (r *Race) begin() {
	for r.next < len(r.points) && (r.points[r.next].began() > 0 || r.points[r.next].out) {
		r.next++
	}
}

func (r *Race) take(at int) (trial int, ok bool) {
	p := &r.points[at]
	i := slices.Index(p.repeats, repeatWaits)
	if i < 0 {
		return 0, false
	}
	p.repeats[i] = repeatTaken
	r.list(at)
	return at*len(p.repeats) + i, true
}

// Taken says that the turn of a trial had come in an earlier process, and it has not begun.
func (r *Race) Taken(trial int) {
	if p, at, i := r.place(trial); p != nil && p.repeats[i] == repeatWaits {
		p.repeats[i] = repeatTaken
		r.list(at)
	}
}

// place is a trial's point and repeat.
func (r *Race) place(trial int) (p *racer, at, repeat int) {
	n := r.spec.Repeat.Trials
	if trial < 0 || trial/n >= len(r.points) {
		return nil, 0, 0
	}
	return &r.points[trial/n], trial / n, trial % n
}

// Began says that a trial has begun.
func (r *Race) Began(trial int) {
	p, at, i := r.place(trial)
	if p == nil || !p.repeats[i].idle() {
		return
	}
	p.repeats[i] = repeatBegan
	r.list(at)
}

// list keeps open up to date for one point.
func (r *Race) list(at int) {
	p := &r.points[at]
	want := p.began() > 0 && slices.ContainsFunc(p.repeats, repeatState.idle)
	i, has := slices.BinarySearch(r.open, at)
	switch {
	case want && !has:
		r.open = slices.Insert(r.open, i, at)
	case has && !want:
		r.open = slices.Delete(r.open, i, i+1)
	}
}

// Ended says how a trial ended: with a value that counts, or without. It may end again after a user's retry.
func (r *Race) Ended(trial int, value float64, counts bool) {
	p, _, i := r.place(trial)
	if p == nil {
		return
	}
	r.Began(trial)
	p.repeats[i], p.values[i] = repeatEnded, math.NaN()
	if counts && sweep.IsFinite(value) {
		p.values[i] = value
	}
	r.fresh++
}

// Again says that a trial that has ended runs again, at a user's wish: how it ended does not count any more.
func (r *Race) Again(trial int) {
	if p, _, i := r.place(trial); p != nil && p.repeats[i] == repeatEnded {
		p.repeats[i], p.values[i] = repeatBegan, math.NaN()
	}
}

// Lost says that a trial was ended because it need not run.
func (r *Race) Lost(trial int) {
	if p, at, _ := r.place(trial); p != nil {
		p.out = true
		r.lost++
		r.Ended(trial, 0, false)
		r.list(at)
	}
}

// Dropped is how many trials were ended because they need not run.
func (r *Race) Dropped() int { return r.lost }

// Losers are the trials that need not run, with why, by number. They are said again until they are told to be Lost. As
// the first trials of points that were all known from the beginning are under way nobody is out; and of thousands of
// points it is looked now and then only.
func (r *Race) Losers() (all []Decision) {
	if r.begin(); !r.learns && r.next < len(r.points) || r.fresh*200 < len(r.open) || r.fresh == 0 {
		return nil
	}
	r.fresh = 0
	best, variance, freedom := r.standing()
	bound := math.Inf(1)
	if freedom > 0 {
		bound = distuv.StudentsT{Sigma: 1, Nu: float64(freedom)}.Quantile(1 - raceError)
	}
	for _, at := range r.open {
		p := &r.points[at]
		why, d := r.out(at, best, variance, bound)
		if why == "" {
			continue
		}
		for i, state := range p.repeats {
			if state.idle() {
				d.Trial, d.Reason = at*len(p.repeats)+i, why
				all = append(all, d)
			}
		}
	}
	return all
}

// standing is the best point (-1: none has a value), and the variance within points with its degrees of freedom.
func (r *Race) standing() (best int, variance float64, freedom int) {
	best = -1
	squares := 0.0
	for at := range r.points {
		p := &r.points[at]
		mean, n := p.mean(), p.count()
		if n == 0 {
			continue
		}
		if best < 0 || mean*r.sign() < r.points[best].mean()*r.sign() {
			best = at
		}
		freedom += n - 1
		for _, v := range p.values {
			if !math.IsNaN(v) {
				squares += (v - mean) * (v - mean)
			}
		}
	}
	if freedom > 0 {
		variance = squares / float64(freedom)
	}
	return best, variance, freedom
}

// out says why a point cannot win any more; empty: it may.
func (r *Race) out(at, best int, variance, bound float64) (why string, d Decision) {
	p := &r.points[at]
	n, all := p.count(), len(p.repeats)
	d = Decision{Rule: sweep.Racing, Value: sweep.Float(p.mean()), Of: n}
	if p.out { // what an earlier process was about to launch
		return fmt.Sprintf("racing: point %d has lost", at), d
	}
	if failed := p.ended() - n; all-failed < all/2+1 {
		return fmt.Sprintf("racing: %d of the %d trials of point %d have not succeeded, too many for it to win",
			failed, all, at), d
	}
	if n == 0 || best < 0 || best == at {
		return "", d
	}
	b := &r.points[best]
	d.Bound = sweep.Float(b.mean())
	behind := (p.mean() - b.mean()) * r.sign()
	t := behind / math.Sqrt(variance*(1/float64(n)+1/float64(b.count())))
	if behind <= 0 || !(t > bound) {
		return "", d
	}
	name := r.spec.Objective.Name
	return fmt.Sprintf("racing: %s of point %d, %s on average of %d, is behind that of point %d, %s of %d (t "+
		"%.3g, bound %.3g)",
		name, at, number(d.Value), n, best, number(d.Bound), b.count(), t, bound), d
}

// sign makes less better.
func (r *Race) sign() float64 {
	if r.spec.Objective.Goal == sweep.Maximize {
		return -1
	}
	return 1
}

// idle reports whether a trial has not begun.
func (s repeatState) idle() bool { return s == repeatWaits || s == repeatTaken }

// waits reports whether a trial is left whose turn may come.
func (p *racer) waits() bool { return !p.out && slices.Contains(p.repeats, repeatWaits) }

// began is how many trials have had their turn.
func (p *racer) began() (n int) {
	for _, s := range p.repeats {
		if s != repeatWaits {
			n++
		}
	}
	return n
}

func (p *racer) ended() (n int) {
	for _, s := range p.repeats {
		if s == repeatEnded {
			n++
		}
	}
	return n
}

func (p *racer) running() int { return p.began() - p.ended() }

func (p *racer) count() (n int) {
	for _, v := range p.values {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

// mean is that of the values that count; NaN: there are none.
func (p *racer) mean() float64 {
	sum, n := 0.0, 0
	for _, v := range p.values {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / float64(n)
}
