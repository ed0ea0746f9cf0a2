package sweep

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
)

// admit is a value as the leaf has it: written as another kind of number, it is the same one. ok is false when
// the leaf never has it.
func (l *leaf) admit(v Value) (own Value, ok bool) {
	if len(l.Values) > 0 {
		i := l.indexOf(v)
		if i < 0 {
			return nil, false
		}
		return l.Values[i], l.Distribution != CategoricalProbs || l.Probabilities[i] > 0
	}
	x, number := numeric(v)
	if !number {
		return nil, false
	}
	whole := l.Distribution == IntUniform || l.Q > 0 && l.Integer
	switch {
	case whole && x == math.Trunc(x) && math.Abs(x) < 1<<62:
		if i, isInt := v.(int64); isInt {
			own = i
		} else {
			own = int64(x)
		}
	case whole:
		return nil, false
	default:
		own = x
	}
	if l.fromMin {
		n, _ := l.Choices()
		i, ok := l.stepOf(x, l.Min)
		return own, ok && i.Sign() >= 0 && i.Cmp(n) < 0
	}
	if l.Q > 0 {
		if _, ok := l.stepOf(x, 0); !ok {
			return nil, false
		}
	}
	_, _, ok = l.Cell(own)
	return own, ok
}

// indexOf is which of its values a value is: the same one, or else the first number that is equal; below 0: none.
func (l *leaf) indexOf(v Value) int {
	const few = 16
	x, number := numeric(v)
	if len(l.Values) > few {
		known := l.places.Load()
		if known == nil || known.count != len(l.Values) {
			known = placesOf(l.Values)
			l.places.Store(known)
		}
		if i, ok := known.same[identity(v)]; ok {
			return i
		}
		if i, ok := known.numbers[x]; ok && number {
			return i
		}
		return -1
	}
	if i := slices.IndexFunc(l.Values, func(have Value) bool { return same(have, v) }); i >= 0 {
		return i
	}
	return slices.IndexFunc(l.Values, func(have Value) bool { y, n := numeric(have); return n && number && x == y })
}

// placing finds values among many.
type placing struct {
	count   int
	same    map[string]int  // by identity
	numbers map[float64]int // the first that is equal
}

func placesOf(values []Value) *placing {
	p := &placing{len(values), make(map[string]int, len(values)), map[float64]int{}}
	for i, v := range values {
		id := identity(v)
		if _, known := p.same[id]; !known {
			p.same[id] = i
		}
		if x, number := numeric(v); number {
			if _, known := p.numbers[x]; !known {
				p.numbers[x] = i
			}
		}
	}
	return p
}

// stepOf is how many steps of q lie between an origin and x, when it is a whole number.
func (l *leaf) stepOf(x, origin float64) (*big.Int, bool) {
	k := (x - origin) / l.Q
	if math.Abs(k-math.Round(k)) > 1e-6 {
		return nil, false
	}
	i, _ := big.NewFloat(math.Round(k)).Int(nil)
	return i, true
}

// allowed tells people which values a leaf has.
func (l *leaf) allowed() string {
	if len(l.Values) > 0 {
		const most = 8
		var all []string
		for _, v := range l.Values[:min(len(l.Values), most)] {
			all = append(all, short(Format(v)))
		}
		text := strings.Join(all, ", ")
		if more := len(l.Values) - most; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		return "its values are " + text
	}
	text := "it has any number"
	switch low, high, bounded := l.support(); {
	case l.Distribution == IntUniform:
		text = fmt.Sprintf("it has whole numbers from %d to %d", l.low, l.high)
	case bounded:
		text = fmt.Sprintf("it has numbers from %s to %s", pythonFloat(low), pythonFloat(high))
	}
	if l.Q > 0 {
		text += " in steps of " + pythonFloat(l.Q)
	}
	return text
}
