package engine

import "slices"

// Critical are the names of the steps that the run's length comes from, in their order: from what ended last, or runs, back to what each
// had waited for last, and within a for-each the iteration that ended last.
func (e *Engine) Critical() []string {
	names := []string{}
	for _, s := range e.phases {
		if s != nil && s.plan != nil {
			names = append(names, s.critical()...)
		}
	}
	return names
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

func (s *scope) critical() (names []string) {
	all := make([]int, len(s.nodes))
	for pos := range all {
		all[pos] = pos
	}
	for x := s.latest(all); x != nil; {
		var inner []string
		if x.each != nil {
			if last := x.each.latest(); last != nil {
				inner = last.critical()
			}
		}
		names = slices.Concat([]string{x.node.Name}, inner, names)
		before := make([]int, 0, len(x.node.After))
		for _, edge := range x.node.After {
			before = append(before, edge.From)
		}
		x = s.latest(before)
	}
	return names
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
