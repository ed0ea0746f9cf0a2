package search

import "github.com/kaon-sweep/kaon/sweep"

// repeated runs each point of a method in several trials, which follow each other. A method that learns is told of a
// point once, when all its trials have ended: of what the point is ranked by.
type repeated struct {
	Method
	repeat sweep.Repeat
	points map[int]*repeatedPoint // of a method that learns
}

// repeatedPoint is a point whose trials have not all ended.
type repeatedPoint struct {
	point  sweep.Point
	ended  int
	spared int // of those, that did not run, as the point had lost its race
	values []float64
}

func withRepeat(spec *sweep.Spec, m Method) Method {
	if spec.Repeat.Trials <= 1 {
		return m
	}
	return &repeated{m, spec.Repeat, map[int]*repeatedPoint{}}
}

// Ask implements Method.
func (r *repeated) Ask(index int) (sweep.Point, bool) {
	if index < 0 {
		return nil, false
	}
	at := index / r.repeat.Trials
	if !r.Replay() {
		return r.Method.Ask(at)
	}
	if known := r.points[at]; known != nil {
		return known.point, true
	}
	p, ok := r.Method.Ask(at)
	if ok {
		r.points[at] = &repeatedPoint{point: p}
	}
	return p, ok
}

// Tell implements Method. A point counts as failed unless more than half of its trials reported a finite value.
func (r *repeated) Tell(index int, o Outcome) {
	at := index / r.repeat.Trials
	p := r.points[at]
	if p == nil {
		return
	}
	if p.ended++; o.State != sweep.Failed && o.Known && sweep.IsFinite(o.Value) {
		p.values = append(p.values, o.Value)
	}
	if r.repeat.Racing && o.State == sweep.Stopped && !o.Known {
		p.spared++
	}
	if p.ended < r.repeat.Trials {
		return
	}
	delete(r.points, at)
	told := Outcome{State: sweep.Failed}
	if 2*len(p.values) > r.repeat.Trials-p.spared {
		told = Outcome{State: sweep.Succeeded, Value: r.repeat.Rank.Of(p.values), Known: true}
	}
	r.Method.Tell(at, told)
}
