package engine

import (
	"cmp"
	"slices"
)

// Stretch is a step of the critical path, in a for-each of the iteration that is on it.
type Stretch struct {
	Step  string // its name
	Began int64  // milliseconds since 1970; 0: it did nothing
	Ended int64  // 0: it runs
}

// Share is the part of a run's time that it took, by how that stands now, in milliseconds since 1970; from 0 to 1.
func (s Stretch) Share(run View, now int64) float64 {
	whole := cmp.Or(run.Ended, now) - run.Began
	if s.Began == 0 || run.Began == 0 || whole <= 0 {
		return 0
	}
	return min(1, max(0, float64(cmp.Or(s.Ended, run.Ended, now)-s.Began)/float64(whole)))
}

// Critical are the steps that the run's length comes from, in their order: from what ended last, or runs, back to what
// each had waited for last, and within a for-each the iteration that ended last.
func (e *Engine) Critical() []Stretch {
	all := []Stretch{}
	for _, s := range e.phases {
		if s != nil && s.plan != nil {
			all = append(all, s.critical()...)
		}
	}
	return all
}

// until is when an instance was over, as far as that is known; 0: it has not begun, or was left out.
func (x *instance) until() int64 {
	const never = 1<<63 - 1
	switch {
	case x.state == Waiting || x.state == Skipped && !x.forced:
		return 0
	case !x.state.Ended():
		return never
	}
	return x.ended
}

// latest is the one of those at some positions that was over last; nil: none has begun.
func (s *scope) latest(positions []int) (last *instance) {
	for _, pos := range positions {
		if x := s.nodes[pos]; x.until() > 0 && (last == nil || x.until() > last.until()) {
			last = x
		}
	}
	return last
}

func (s *scope) critical() (path []Stretch) {
	all := make([]int, len(s.nodes))
	for pos := range all {
		all[pos] = pos
	}
	for x := s.latest(all); x != nil; {
		var inner []Stretch
		if x.each != nil {
			if last := x.each.latest(); last != nil {
				inner = last.critical()
			}
		}
		path = slices.Concat([]Stretch{{x.node.Name, x.began, x.ended}}, inner, path)
		before := make([]int, 0, len(x.node.After))
		for _, edge := range x.node.After {
			before = append(before, edge.From)
		}
		x = s.latest(before)
	}
	return path
}

// latest is the iteration that was over last.
func (i *iterations) latest() (last *scope) {
	end := int64(0)
	for _, s := range i.scopes {
		if s == nil {
			continue
		}
		for _, x := range s.nodes {
			if at := x.until(); at > end {
				last, end = s, at
			}
		}
	}
	return last
}
