package sweep

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// checkDistribution checks the numbers of a distribution against each other.
func (d *decoder) checkDistribution(dim *Dimension, n *node, field string) bool {
	before := len(d.problems)
	switch dim.Distribution {
	case CategoricalProbs:
		d.probabilities(dim, n, field)
	case Normal, QNormal, LogNormal, QLogNormal:
		if dim.Sigma < 0 {
			d.fail(n.get("sigma"), field+".sigma", "sigma is below 0",
				"give a standard deviation of 0 or more")
		}
	case Beta, QBeta:
		d.positive(n, field, "a", dim.A)
		d.positive(n, field, "b", dim.B)
		dim.beta = distuv.Beta{Alpha: dim.A, Beta: dim.B}
	case Constant, Categorical:
	default:
		d.bounds(dim, n, field)
	}
	if dim.Q != 0 || n.get("q") != nil {
		d.positive(n, field, "q", dim.Q)
	}
	if len(d.problems) == before && dim.Q > 0 {
		d.reachable(dim, n, field)
	}
	return len(d.problems) == before
}

func (d *decoder) positive(n *node, field, key string, x float64) {
	if !(x > 0) {
		d.fail(n.get(key), join(field, key), fmt.Sprintf("`%s` must be above 0", key),
			"give a positive number")
	}
}

func (d *decoder) probabilities(dim *Dimension, n *node, field string) {
	at := n.get("probabilities")
	field += ".probabilities"
	if len(dim.Probabilities) != len(dim.Values) {
		d.fail(at, field, fmt.Sprintf("there are %d probabilities for %d values", len(dim.Probabilities),
			len(dim.Values)), "give one for each value")
		return
	}
	sum := 0.0
	for _, p := range dim.Probabilities {
		if p < 0 {
			d.fail(at, field, "a probability is below 0", "give shares that add up to 1")
			return
		}
		sum += p
	}
	const rounding = 1e-5 + 1e-8 // as numpy's isclose, by which W&B compares
	if math.Abs(sum-1) > rounding {
		d.fail(at, field, fmt.Sprintf("the probabilities add up to %s", pythonFloat(sum)),
			"make them add up to 1")
		return
	}
	for i := range dim.Probabilities {
		dim.Probabilities[i] /= sum
	}
}

// bounds checks min and max, and the trap of the old log distributions, whose bounds are exponents.
func (d *decoder) bounds(dim *Dimension, n *node, field string) {
	low, high := n.get("min"), n.get("max")
	if low == nil || high == nil {
		return
	}
	if dim.Min > dim.Max || dim.Distribution == IntUniform && dim.low > dim.high {
		d.fail(low, field+".min", fmt.Sprintf("min %s is above max %s", short(low.text), short(high.text)),
			"swap min and max")
		return
	}
	if dim.Min == dim.Max && dim.low == dim.high {
		d.warn(low, field, fmt.Sprintf("min and max are the same, %s: it has one value, and nothing is searched",
			short(low.text)), "give it a `value` instead, or widen the range")
	}
	switch dim.Distribution {
	case LogUniformValues, QLogUniformVals, InvLogUniformVal:
		if dim.Min <= 0 {
			d.fail(low, field+".min", fmt.Sprintf("`%s` needs bounds above 0", dim.Distribution),
				"give a small positive min such as 1e-6")
		}
	case LogUniform, QLogUniform, InvLogUniform:
		const (
			largest = 700 // e^700 is near the largest float
			unusual = 20  // e^20 is 485 million: more than people search up to
		)
		if dim.Max > largest || dim.Min < -largest {
			d.fail(high, field+".max",
				fmt.Sprintf("the bounds of `%s` are exponents of e, and e^%s is out of range",
					dim.Distribution, short(high.text)),
				fmt.Sprintf("use `%s_values` to give the values themselves", dim.Distribution))
		} else if dim.Min >= 0 && (dim.Max <= 1 || dim.Max > unusual) && dim.Min < dim.Max {
			d.warn(low, field, fmt.Sprintf("the bounds of `%s` are exponents of e: these mean %.4g to %.4g",
				dim.Distribution, math.Exp(dim.Min), math.Exp(dim.Max)),
				fmt.Sprintf("use `%s_values` to give the values themselves", dim.Distribution))
		}
	}
}

// reachable refuses a step with no multiple inside the bounds, and a grid finer than floats are.
func (d *decoder) reachable(dim *Dimension, n *node, field string) {
	low, high, bounded := dim.support()
	if !bounded {
		return
	}
	if math.Ceil(low/dim.Q-slack) > math.Floor(high/dim.Q+slack) {
		d.fail(n, field, fmt.Sprintf("no multiple of q=%s lies between %s and %s", pythonFloat(dim.Q),
			pythonFloat(low), pythonFloat(high)), "make q smaller or the range wider")
		return
	}
	const finest = 1 << 53 // beyond it, neighbouring multiples are the same float
	if math.Max(math.Abs(low), math.Abs(high))/dim.Q > finest {
		remedy := "make q larger"
		if dim.Distribution == QLogUniform {
			remedy = "its bounds are exponents of e; use `q_log_uniform_values` to give the values themselves"
		}
		d.fail(n, field, fmt.Sprintf("q=%s is too fine for this range", pythonFloat(dim.Q)), remedy)
	}
}
