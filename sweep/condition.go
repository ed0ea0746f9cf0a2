package sweep

import (
	"fmt"

	"github.com/expr-lang/expr"
)

// check decides which dimensions of a combination are there, and whether the constraints hold. A parameter
// whose `when` refers to an absent parameter is absent too; a constraint that refers to an absent parameter
// has nothing to say. An expression that cannot be evaluated for these values does not hold: Parse has
// evaluated every expression at sample points and reported those that never can.
func (s *Space) check(values []Value) (active []bool, ok bool) {
	active, ok, _ = s.evaluate(values)
	return active, ok
}

func (s *Space) evaluate(values []Value) (active []bool, ok bool, err error) {
	active = make([]bool, len(s.leaves))
	env := s.environment(values, nil)
	for _, k := range s.sorted {
		active[k] = true
		for _, when := range s.leaves[k].when {
			if !allActive(when.needs, active) {
				active[k] = false
				break
			}
			out, err := expr.Run(when.program, env)
			if err != nil {
				return active, false, fmt.Errorf("evaluate `%s`: %w", when.text, tidy(err))
			}
			if active[k] = out.(bool); !active[k] {
				break
			}
		}
	}
	for _, rule := range s.rules {
		if !allActive(rule.needs, active) {
			continue
		}
		out, err := expr.Run(rule.program, env)
		if err != nil {
			return active, false, fmt.Errorf("evaluate `%s`: %w", rule.text, tidy(err))
		}
		if !out.(bool) {
			return active, false, nil
		}
	}
	return active, !s.excludes(values, active), nil
}

// excludes says whether a combination has all values of an excluded one. A parameter that is absent has no
// value, so nothing that names it excludes.
func (s *Space) excludes(values []Value, active []bool) bool {
	for _, e := range s.excluded {
		if allActive(e.leaves, active) && e.keys[e.key(values)] {
			return true
		}
	}
	return false
}

func allActive(needs []int, active []bool) bool {
	for _, k := range needs {
		if !active[k] {
			return false
		}
	}
	return true
}

// sortConditions puts each leaf after those its `when` refers to. It returns the leaves of a cycle when there
// is one.
func (s *Space) sortConditions() (cycle []int) {
	const (
		fresh = iota
		open
		done
	)
	state := make([]uint8, len(s.leaves))
	var trail []int
	var visit func(k int) bool
	visit = func(k int) bool {
		switch state[k] {
		case done:
			return true
		case open:
			for i, t := range trail {
				if t == k {
					cycle = append([]int(nil), trail[i:]...)
				}
			}
			return false
		}
		state[k] = open
		trail = append(trail, k)
		for _, when := range s.leaves[k].when {
			for _, need := range when.needs {
				if !visit(need) {
					return false
				}
			}
		}
		trail = trail[:len(trail)-1]
		state[k] = done
		s.sorted = append(s.sorted, k)
		return true
	}
	for k := range s.leaves {
		if !visit(k) {
			return cycle
		}
	}
	return nil
}
