package sweep

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Cell is the interval of u whose Quantile is v, one number when the dimension is continuous. ok is false
// when the dimension cannot have the value.
func (d *Dimension) Cell(v Value) (low, high float64, ok bool) {
	switch d.Distribution {
	case Constant:
		return 0, 1, same(v, d.Values[0])
	case Categorical, CategoricalProbs:
		return d.share(v)
	}
	x, ok := numeric(v)
	if !ok || math.IsNaN(x) {
		return 0, 0, false
	}
	if d.Distribution == IntUniform {
		return d.integerCell(v)
	}
	if low, high, bounded := d.support(); bounded {
		if x < low-slack*math.Abs(low) || x > high+slack*math.Abs(high) {
			return 0, 0, false
		}
	}
	if d.Q <= 0 {
		u := d.below(x)
		return u, u, true
	}
	low, high = d.below(x-d.Q/2), d.below(x+d.Q/2)
	if first, count := d.multiples(); count > 0 {
		k := math.Round(x / d.Q)
		if k <= first {
			low = 0
		}
		if k >= first+count-1 {
			high = 1
		}
	}
	return low, high, true
}

// identity tells values apart, 1 from 1.0 and "1" too.
func identity(v Value) string { return fmt.Sprintf("%T%s", v, appendRepr(nil, v)) }

// same says whether values have one identity, without writing both out.
func same(a, b Value) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	case int64:
		b, ok := b.(int64)
		return ok && a == b
	case float64:
		b, ok := b.(float64)
		return ok && (a == b && math.Signbit(a) == math.Signbit(b) || math.IsNaN(a) && math.IsNaN(b))
	case string:
		b, ok := b.(string)
		return ok && a == b
	case []Value:
		b, ok := b.([]Value)
		return ok && slices.EqualFunc(a, b, same)
	case Point:
		b, ok := b.(Point)
		return ok && slices.EqualFunc(a, b, func(p, q Param) bool { return p.Name == q.Name && same(p.Value, q.Value) })
	}
	return false
}

func numeric(v Value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// share is the interval of a choice's value.
func (d *Dimension) share(v Value) (low, high float64, ok bool) {
	sum := 0.0
	for i := range d.Values {
		p := 1 / float64(len(d.Values))
		if d.Distribution == CategoricalProbs {
			p = d.Probabilities[i]
		}
		if p > 0 && same(d.Values[i], v) {
			return sum, math.Min(sum+p, 1), true
		}
		sum += p
	}
	return 0, 0, false
}

func (d *Dimension) integerCell(v Value) (low, high float64, ok bool) {
	i, ok := v.(int64)
	if !ok || i < d.low || i > d.high {
		return 0, 0, false
	}
	n := float64(uint64(d.high)-uint64(d.low)) + 1
	at := float64(uint64(i) - uint64(d.low))
	return at / n, math.Min((at+1)/n, 1), true
}

// below is the share of the distribution below x, before quantisation: the inverse of continuous.
func (d *Dimension) below(x float64) float64 {
	switch d.Distribution {
	case Uniform, QUniform:
		return within(d.Min/2, d.Max/2, x/2)
	case LogUniform, QLogUniform:
		return within(d.Min, d.Max, math.Log(math.Max(x, 0)))
	case InvLogUniform:
		return 1 - within(d.Min, d.Max, -math.Log(math.Max(x, 0)))
	case LogUniformValues, QLogUniformVals, InvLogUniformVal:
		return within(math.Log(d.Min), math.Log(d.Max), math.Log(math.Max(x, 0)))
	case Normal, QNormal:
		return d.standard(x - d.Mu)
	case LogNormal, QLogNormal:
		return d.standard(math.Log(math.Max(x, 0)) - d.Mu)
	default: // Beta, QBeta
		return d.beta.CDF(clamp(x, 0, 1))
	}
}

func (d *Dimension) standard(x float64) float64 {
	if d.Sigma == 0 {
		return 0.5
	}
	return distuv.UnitNormal.CDF(x / d.Sigma)
}

// within is where x lies between a and b, as a share.
func within(a, b, x float64) float64 {
	if a == b {
		return 0.5
	}
	return clamp((x-a)/(b-a), 0, 1)
}
