package sweep

import (
	"math"
	"math/big"
	"strconv"

	"gonum.org/v1/gonum/stat/distuv"
)

// Distribution is the name of a distribution in the W&B schema.
type Distribution string

// The distributions of the W&B schema. The formulas are those of its sampler (github.com/wandb/sweeps,
// params.py), read as quantile functions: value = quantile(u) with u uniform in (0,1).
const (
	Constant         Distribution = "constant"                    // value
	Categorical      Distribution = "categorical"                 // one of values, equally likely
	CategoricalProbs Distribution = "categorical_w_probabilities" // one of values, by probabilities
	IntUniform       Distribution = "int_uniform"                 // integers from min to max, both included
	Uniform          Distribution = "uniform"                     // min to max
	QUniform         Distribution = "q_uniform"                   // round(uniform/q)*q
	// exp(uniform(min,max)): bounds are exponents of e
	LogUniform       Distribution = "log_uniform"
	LogUniformValues Distribution = "log_uniform_values"   // exp(uniform(ln min, ln max))
	QLogUniform      Distribution = "q_log_uniform"        // round(log_uniform/q)*q
	QLogUniformVals  Distribution = "q_log_uniform_values" // round(log_uniform_values/q)*q
	// exp(-uniform(min,max)): bounds are exponents of 1/e
	InvLogUniform Distribution = "inv_log_uniform"
	// 1/X has a log uniform distribution: min to max
	InvLogUniformVal Distribution = "inv_log_uniform_values"
	Normal           Distribution = "normal"       // mu + sigma*N(0,1)
	QNormal          Distribution = "q_normal"     // round(normal/q)*q
	LogNormal        Distribution = "log_normal"   // exp(normal)
	QLogNormal       Distribution = "q_log_normal" // round(log_normal/q)*q
	Beta             Distribution = "beta"         // Beta(a,b) on 0 to 1
	QBeta            Distribution = "q_beta"       // round(beta/q)*q
)

// Dimension is one parameter that is chosen: a leaf of the tree of parameters.
type Dimension struct {
	Name          string // dotted when nested
	Distribution  Distribution
	Values        []Value   // constant (one), categorical
	Probabilities []float64 // categorical_w_probabilities; they add up to 1
	Min, Max      float64   // as written; exponents for log_uniform, q_log_uniform and inv_log_uniform
	Mu, Sigma     float64
	A, B          float64
	Q             float64
	Integer       bool // q was written as an integer: values are integers
	low, high     int64
	beta          distuv.Beta
}

// Choices is how many values the dimension has on a grid, and whether a grid can walk it: constants,
// categorical values, integer ranges, and q_uniform, which W&B's grid walks from min in steps of q, max
// excluded.
func (d *Dimension) Choices() (n *big.Int, discrete bool) {
	switch d.Distribution {
	case Constant:
		return big.NewInt(1), true
	case Categorical:
		return big.NewInt(int64(len(d.Values))), true
	case IntUniform:
		n = new(big.Int).Sub(big.NewInt(d.high), big.NewInt(d.low))
		return n.Add(n, big.NewInt(1)), true
	case QUniform:
		n, _ = big.NewFloat(math.Max(1, math.Ceil((d.Max-d.Min)/d.Q))).Int(nil)
		return n, true
	}
	return nil, false
}

// At is choice i of a grid.
func (d *Dimension) At(i *big.Int) Value {
	switch d.Distribution {
	case IntUniform:
		return new(big.Int).Add(big.NewInt(d.low), i).Int64()
	case QUniform:
		steps, _ := new(big.Float).SetInt(i).Float64()
		return d.number(snap(d.Min+steps*d.Q, d.Q, d.Min))
	}
	return d.Values[i.Int64()]
}

// Quantile is the value below which a share u of the distribution lies, 0 < u < 1.
func (d *Dimension) Quantile(u float64) Value {
	switch d.Distribution {
	case Constant:
		return d.Values[0]
	case Categorical:
		return d.Values[min(int(u*float64(len(d.Values))), len(d.Values)-1)]
	case CategoricalProbs:
		return d.Values[d.pick(u)]
	case IntUniform:
		return d.integer(u)
	}
	x := d.continuous(u)
	if d.Q > 0 {
		return d.number(d.quantise(x))
	}
	return x
}

// pick is the first value whose cumulated probability exceeds u. Values of probability 0 are never picked.
func (d *Dimension) pick(u float64) int {
	sum, last := 0.0, 0
	for i, p := range d.Probabilities {
		if p == 0 {
			continue
		}
		sum, last = sum+p, i
		if u < sum {
			return i
		}
	}
	return last
}

// integer spreads u over low..high; the span may exceed what a float counts exactly, so it is a uint64.
func (d *Dimension) integer(u float64) int64 {
	span := uint64(d.high) - uint64(d.low) // high - low, without overflow
	step := min(uint64(u*(float64(span)+1)), span)
	return int64(uint64(d.low) + step)
}

// continuous is the quantile before quantisation, held inside the bounds against rounding in exp and log.
func (d *Dimension) continuous(u float64) float64 {
	switch d.Distribution {
	case Uniform, QUniform:
		return between(d.Min, d.Max, u)
	case LogUniform, QLogUniform:
		return clamp(math.Exp(between(d.Min, d.Max, u)), math.Exp(d.Min), math.Exp(d.Max))
	case InvLogUniform:
		return clamp(math.Exp(-between(d.Min, d.Max, 1-u)), math.Exp(-d.Max), math.Exp(-d.Min))
	case LogUniformValues, QLogUniformVals, InvLogUniformVal:
		return clamp(math.Exp(between(math.Log(d.Min), math.Log(d.Max), u)), d.Min, d.Max)
	case Normal, QNormal:
		return d.Mu + d.Sigma*distuv.UnitNormal.Quantile(u)
	case LogNormal, QLogNormal:
		return math.Exp(d.Mu + d.Sigma*distuv.UnitNormal.Quantile(u))
	default: // Beta, QBeta
		return d.beta.Quantile(u)
	}
}

// between is the point at share u from a to b; a*(1-u)+b*u does not overflow where b-a would.
func between(a, b, u float64) float64 { return clamp(a*(1-u)+b*u, a, b) }

func clamp(x, low, high float64) float64 { return math.Min(math.Max(x, low), high) }

// quantise rounds to a multiple of q, half to even as numpy does. Unlike W&B, which may step out of the
// bounds by half of q, the result is the nearest multiple inside them; Parse has made sure there is one.
func (d *Dimension) quantise(x float64) float64 {
	k := math.RoundToEven(x / d.Q)
	if low, high, bounded := d.support(); bounded {
		k = clamp(k, math.Ceil(low/d.Q-slack), math.Floor(high/d.Q+slack))
	}
	return snap(k*d.Q, d.Q, 0)
}

// slack forgives what division adds: 0.3/0.1 is a hair below 3.
const slack = 1e-9

// support is the interval that values lie in, and whether it is finite at both ends.
func (d *Dimension) support() (low, high float64, bounded bool) {
	switch d.Distribution {
	case Uniform, QUniform, LogUniformValues, QLogUniformVals, InvLogUniformVal:
		return d.Min, d.Max, true
	case LogUniform, QLogUniform:
		return math.Exp(d.Min), math.Exp(d.Max), true
	case InvLogUniform:
		return math.Exp(-d.Max), math.Exp(-d.Min), true
	case Beta, QBeta:
		return 0, 1, true
	}
	return math.Inf(-1), math.Inf(1), false
}

func (d *Dimension) number(x float64) Value {
	if d.Integer && math.Abs(x) < 1<<63 {
		return int64(math.Round(x))
	}
	return x
}

// snap drops the digits that multiplying by a decimal step adds: 3*0.1 is 0.3, not 0.30000000000000004.
func snap(x, step, offset float64) float64 {
	places := max(decimals(step), decimals(offset))
	if places > 15 || math.Abs(x) > 1e15 {
		return x
	}
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'f', places, 64), 64)
	if err != nil {
		return x
	}
	return y
}

// decimals is how many digits the shortest decimal form of x has after the point.
func decimals(x float64) int {
	s := strconv.FormatFloat(x, 'f', -1, 64)
	for i := range s {
		if s[i] == '.' {
			return len(s) - i - 1
		}
	}
	return 0
}

// longestValue is a value of the dimension that is longest when written.
func (d *Dimension) longestValue() Value {
	if len(d.Values) == 0 {
		return d.Quantile(1.0 / 3)
	}
	best := d.Values[0]
	for _, v := range d.Values[1:] {
		if len(Format(v)) > len(Format(best)) {
			best = v
		}
	}
	return best
}

// wholeNumbers says whether all values are whole numbers.
func (d *Dimension) wholeNumbers() bool {
	for _, v := range d.Values {
		if _, ok := v.(int64); !ok {
			return false
		}
	}
	return len(d.Values) > 0 || d.Distribution == IntUniform || d.Q > 0 && d.Integer
}

// multiples are the steps of q that a rounded dimension takes: the first, and how many; 0: they have no
// bounds.
func (d *Dimension) multiples() (first, count float64) {
	low, high, bounded := d.support()
	if d.Q <= 0 || !bounded {
		return 0, 0
	}
	first = math.Ceil(low/d.Q - slack)
	return first, math.Floor(high/d.Q+slack) - first + 1
}

// distinct is how many values a random draw of the dimension can have; nil: without number.
func (d *Dimension) distinct() *big.Int {
	switch d.Distribution {
	case Constant:
		return big.NewInt(1)
	case Categorical, CategoricalProbs:
		seen := map[string]bool{}
		for i, v := range d.Values {
			if d.Distribution == Categorical || d.Probabilities[i] > 0 {
				seen[identity(v)] = true
			}
		}
		return big.NewInt(int64(len(seen)))
	case IntUniform:
		n, _ := d.Choices()
		return n
	}
	if _, count := d.multiples(); count > 0 {
		n, _ := big.NewFloat(count).Int(nil)
		return n
	}
	return nil
}
