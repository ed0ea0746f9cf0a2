package sweep

import (
	"math"
	"math/big"
	"slices"
)

// maxCounted is how many combinations of a grid with conditions Parse looks at: about a second of work. The
// number of points must be known before a sweep starts (one terminal state for every trial), and only
// looking tells.
const maxCounted = 1_000_000

// maxEvaluated is how many expressions Parse evaluates to count points, or to find random ones: below a second of work.
const maxEvaluated = 5_000_000

// odometer goes through the combinations of a grid: only the digits that turn cost anything.
type odometer struct {
	*evaluation
	digits []int // below maxCounted: further ones are not looked at
	values []Value
	bases  []int // how many choices each leaf has
	turns  []int // leaves of more than one choice, descending
	absent []int // leaves that may be absent
}

// odometerAt stands at combination i.
func (s *Space) odometerAt(i *big.Int) *odometer {
	o := &odometer{evaluation: s.evaluation(), values: s.combination(i)}
	rest, digit := new(big.Int).Set(i), new(big.Int)
	o.digits, o.bases = make([]int, len(s.leaves)), make([]int, len(s.leaves))
	for k := len(s.leaves) - 1; k >= 0; k-- {
		l := s.leaves[k]
		rest.QuoRem(rest, l.choices, digit)
		o.digits[k], o.bases[k] = int(digit.Int64()), math.MaxInt
		if l.choices.IsInt64() {
			o.bases[k] = int(l.choices.Int64())
		}
		conditional := func(m int) bool { return len(s.leaves[m].when) > 0 }
		if conditional(k) || l.tie != nil && slices.ContainsFunc(l.tie.members, conditional) {
			o.absent = append(o.absent, k)
		}
		if o.bases[k] > 1 {
			o.turns = append(o.turns, k)
		}
	}
	return o
}

// next turns to the next combination; behind the last one comes the first.
func (o *odometer) next() {
	for _, k := range o.turns {
		if o.digits[k]++; o.digits[k] < o.bases[k] {
			o.s.setChoice(o.values, k, big.NewInt(int64(o.digits[k])))
			return
		}
		o.digits[k] = 0
		o.s.setChoice(o.values, k, new(big.Int))
	}
}

// mostNoted bounds the outcomes that are noted of one expression, and maxNoted those of all.
const (
	mostNoted = 4096
	maxNoted  = 1 << 20
)

// notes are the outcomes of one expression, by the digits of what it names.
type notes struct {
	leaves []int // of more than one choice that turn
	known  []outcome
}

// noted has the outcomes of expressions noted that name few combinations: most conditions name one parameter.
func (o *odometer) noted() {
	turner := make([]int, len(o.bases)) // the leaf that a leaf moves with
	for k := range turner {
		turner[k] = k
	}
	for k, l := range o.s.leaves {
		if l.tie == nil {
			continue
		}
		for _, m := range l.tie.members {
			turner[m] = k
		}
	}
	all, room := map[*expression]*notes{}, maxNoted
	note := func(x *expression) {
		if _, seen := all[x]; seen || len(x.needs) > mostNoted {
			return
		}
		n, size := &notes{}, 1
		for _, need := range x.needs {
			k := turner[need]
			if o.bases[k] < 2 || slices.Contains(n.leaves, k) {
				continue
			}
			if o.bases[k] > mostNoted/size {
				return
			}
			size *= o.bases[k]
			n.leaves = append(n.leaves, k)
		}
		if room -= size; room >= 0 {
			n.known = make([]outcome, size)
			all[x] = n
		}
	}
	for _, l := range o.s.leaves {
		for _, when := range l.when {
			note(when)
		}
	}
	for _, rule := range o.s.rules {
		note(rule)
	}
	o.evaluation.known = func(x *expression) *outcome {
		n := all[x]
		if n == nil {
			return nil
		}
		at := 0
		for _, k := range n.leaves {
			at = at*o.bases[k] + o.digits[k]
		}
		return &n.known[at]
	}
}

// isPoint says whether the combination is a point: its constraints hold, and each absent parameter stands at
// its first choice, so that combinations which differ only in absent parameters count once.
func (o *odometer) isPoint() (active []bool, ok bool) {
	if active, ok, _ = o.evaluate(o.values); !ok {
		return nil, false
	}
	for _, k := range o.absent {
		if o.digits[k] != 0 && !o.s.here(k, active) {
			return nil, false
		}
	}
	return active, true
}

// countPoints walks the grid until it has found limit points, reached the end, looked at maxCounted
// combinations, or evaluated more than most expressions.
func (s *Space) countPoints(limit, most int) *gridIndex {
	w := &gridIndex{}
	size, _ := s.product()
	o := s.odometerAt(new(big.Int))
	o.noted()
	for ; !size.IsInt64() || int64(w.looked) < size.Int64(); w.looked++ {
		if w.looked == maxCounted || w.count == limit || o.done > most {
			return w
		}
		if _, ok := o.isPoint(); ok {
			if w.count%block == 0 {
				w.marks = append(w.marks, w.looked)
			}
			w.count++
		}
		o.next()
	}
	w.whole = true
	return w
}

// indexedPoint is point n of a grid with conditions, by its index.
func (s *Space) indexedPoint(w *gridIndex, n int64) Point {
	skip := n % block
	for o := s.odometerAt(big.NewInt(int64(w.marks[n/block]))); ; o.next() {
		if active, ok := o.isPoint(); ok {
			if skip == 0 {
				return s.buildActive(o.values, active)
			}
			skip--
		}
	}
}
