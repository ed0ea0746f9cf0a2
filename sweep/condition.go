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
	return s.evaluation().evaluate(values)
}

// evaluation evaluates the conditions of one space at many combinations.
type evaluation struct {
	s        *Space
	decisive []int
	switched []int // leaves that may be absent, each after those its when refers to
	order    []int // rules, the one that refused the last combination first: it is likely to refuse the next
	active   []bool
	env      map[string]any // what expressions see of the combination; nil: none has been evaluated
	most     int            // of done, at which draw stops; 0: no bound
	done     int            // expressions that were evaluated, and an eighth of the values that they were shown

	known  func(*expression) *outcome // of an expression, where it has been noted; nil: nothing is
	looked int                        // outcomes that were looked up, an eighth of which is added to done
}

// outcome is what an expression was found to be.
type outcome uint8

const (
	notKnown outcome = iota
	isFalse
	isTrue
)

func (s *Space) evaluation() *evaluation {
	e := &evaluation{s: s, decisive: s.decisive, active: make([]bool, len(s.leaves))}
	if e.decisive == nil {
		e.decisive = s.every()
	}
	for _, k := range s.sorted {
		if e.active[k] = true; len(s.leaves[k].when) > 0 {
			e.switched = append(e.switched, k)
		}
	}
	for i := range s.rules {
		e.order = append(e.order, i)
	}
	return e
}

// evaluate is check with the error of an expression that cannot be evaluated. What it gives as active is its own
// until the next call.
func (e *evaluation) evaluate(values []Value) (active []bool, ok bool, err error) {
	s := e.s
	active = e.active
	e.env = nil
	if e.known == nil || len(s.excluded) > 0 {
		e.done += len(e.decisive) / 8
	}
	for _, k := range e.switched {
		active[k] = true
		for _, when := range s.leaves[k].when {
			if !allActive(when.needs, active) {
				active[k] = false
				break
			}
			out, err := e.run(when, values)
			if err != nil {
				return active, false, fmt.Errorf("evaluate `%s`: %w", when.text, tidy(err))
			}
			if active[k] = out; !out {
				break
			}
		}
	}
	for i, r := range e.order {
		rule := s.rules[r]
		if !allActive(rule.needs, active) {
			continue
		}
		out, err := e.run(rule, values)
		if err == nil && out {
			continue
		}
		copy(e.order[1:i+1], e.order[:i])
		e.order[0] = r
		if err != nil {
			return active, false, fmt.Errorf("evaluate `%s`: %w", rule.text, tidy(err))
		}
		return active, false, nil
	}
	return active, !s.excludes(values, active), nil
}

// run evaluates one expression, or looks up what it is.
func (e *evaluation) run(x *expression, values []Value) (bool, error) {
	var note *outcome
	if e.known != nil {
		if note = e.known(x); note != nil && *note != notKnown {
			if e.looked++; e.looked%8 == 0 {
				e.done++
			}
			return *note == isTrue, nil
		}
	}
	if e.env == nil {
		e.env = e.s.environment(values, nil, e.decisive)
		if e.known != nil {
			e.done += len(e.decisive) / 8
		}
	}
	e.done++
	out, err := expr.Run(x.program, e.env)
	if err != nil {
		return false, err
	}
	if note != nil {
		if *note = isFalse; out.(bool) {
			*note = isTrue
		}
	}
	return out.(bool), nil
}

// every is all leaves.
func (s *Space) every() []int {
	all := make([]int, len(s.leaves))
	for k := range all {
		all[k] = k
	}
	return all
}

// decide notes which leaves conditions, constraints and excluded points name: of the others none decides whether a
// combination is a point. Those that move together decide together.
func (s *Space) decide() {
	named := make([]bool, len(s.leaves))
	note := func(leaves []int) {
		for _, k := range leaves {
			named[k] = true
		}
	}
	for _, l := range s.leaves {
		for _, when := range l.when {
			note(when.needs)
		}
	}
	for _, rule := range s.rules {
		note(rule.needs)
	}
	for _, e := range s.excluded {
		note(e.leaves)
	}
	for k, l := range s.leaves {
		if l.tie == nil {
			continue
		}
		for _, m := range l.tie.members {
			named[k] = named[k] || named[m]
		}
	}
	s.decisive = []int{}
	for k, is := range named {
		if is {
			s.decisive = append(s.decisive, k)
		}
	}
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
