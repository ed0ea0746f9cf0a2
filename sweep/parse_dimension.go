package sweep

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// onGrid gives the leaf its number of choices, or refuses it.
func (d *decoder) onGrid(l *leaf, n *node, field string) bool {
	if l.Distribution == Categorical && !d.zips[l.Name] {
		d.dropRepeats(l, n, field)
	}
	choices, discrete := l.Choices()
	if !discrete {
		remedy := "use `values`, integer bounds, or `q_uniform`; or `method: random`"
		if l.Distribution == CategoricalProbs {
			remedy = "remove `probabilities`, or use `method: random`"
		}
		d.fail(n, field, fmt.Sprintf("a grid cannot walk `%s`", l.Distribution), remedy)
		return false
	}
	l.choices = choices
	l.stepsFromMin()
	return true
}

// stepsFromMin has a `q_uniform` that is on a grid, or zipped, go in steps from min: by a whole q from 0.4 these are no
// whole numbers.
func (l *leaf) stepsFromMin() {
	l.fromMin = l.Distribution == QUniform
	l.Integer = l.Integer && (l.Distribution != QUniform || l.Min == math.Trunc(l.Min))
}

// dropRepeats keeps one of equal values, as W&B's grid does.
func (d *decoder) dropRepeats(l *leaf, n *node, field string) {
	seen := map[string]bool{}
	var kept []Value
	for _, v := range l.Values {
		id := identity(v)
		if seen[id] {
			d.warn(n.get("values"), field+".values",
				fmt.Sprintf("value %s is given more than once; the grid runs it once", short(Format(v))), "")
			continue
		}
		seen[id] = true
		kept = append(kept, v)
	}
	l.Values = kept
}

// distributionKeys is what each distribution takes; the first that are given without a `distribution` decide
// it.
var distributionKeys = map[Distribution][]string{
	Constant:         {"value"},
	Categorical:      {"values"},
	CategoricalProbs: {"values", "probabilities"},
	IntUniform:       {"min", "max"},
	Uniform:          {"min", "max"},
	QUniform:         {"min", "max", "q"},
	LogUniform:       {"min", "max"},
	LogUniformValues: {"min", "max"},
	QLogUniform:      {"min", "max", "q"},
	QLogUniformVals:  {"min", "max", "q"},
	InvLogUniform:    {"min", "max"},
	InvLogUniformVal: {"min", "max"},
	Normal:           {"mu", "sigma"},
	QNormal:          {"mu", "sigma", "q"},
	LogNormal:        {"mu", "sigma"},
	QLogNormal:       {"mu", "sigma", "q"},
	Beta:             {"a", "b"},
	QBeta:            {"a", "b", "q"},
}

var distributionNames = []string{
	string(Constant), string(Categorical), string(CategoricalProbs), string(IntUniform), string(Uniform),
	string(QUniform),
	string(LogUniform), string(LogUniformValues), string(QLogUniform), string(QLogUniformVals),
	string(InvLogUniform),
	string(InvLogUniformVal), string(Normal), string(QNormal), string(LogNormal), string(QLogNormal),
	string(Beta), string(QBeta),
}

// dimension reads the distribution of one parameter.
func (d *decoder) dimension(n *node, field string) (Dimension, bool) {
	dim := Dimension{Mu: 0, Sigma: 1, A: 1, B: 1} // W&B's defaults
	dim.Distribution = d.distribution(n, field)
	if dim.Distribution == "" {
		return dim, false
	}
	takes := distributionKeys[dim.Distribution]
	if d.together(n, field, takes) {
		return dim, false
	}
	for _, p := range n.pairs {
		if k := p.key.text; slices.Contains(keys["parameter"], k) && k != "distribution" && k != "when" &&
			k != "default" &&
			!slices.Contains(takes, k) {
			d.fail(p.key, join(field, k), fmt.Sprintf("`%s` does not take `%s`", dim.Distribution, k),
				"it takes "+quoted(takes))
		}
	}
	if slices.Contains(takes, "q") {
		dim.Q, dim.Integer = 1, true // W&B's default is the integer 1
	}
	before := len(d.problems)
	var missing []string
	for _, key := range takes {
		if slices.Contains([]string{"value", "values", "probabilities", "min", "max"}, key) &&
			n.get(key) == nil {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		d.fail(n, join(field, missing[0]),
			fmt.Sprintf("`%s` needs %s", dim.Distribution,
				strings.ReplaceAll(quoted(missing), " or ", " and ")),
			"add it, or choose another distribution")
	}
	for _, key := range takes {
		d.argument(&dim, n, field, key)
	}
	if len(d.problems) > before {
		return dim, false
	}
	return dim, d.checkDistribution(&dim, n, field)
}

// distribution is what the parameter names, or what its keys and literals imply.
func (d *decoder) distribution(n *node, field string) Distribution {
	if named := n.get("distribution"); named != nil {
		return Distribution(d.word(named, field+".distribution", distributionNames))
	}
	has := func(k string) bool { return n.get(k) != nil }
	for _, p := range n.pairs {
		if !slices.Contains(keys["parameter"], p.key.text) {
			return "" // reported, and likely what says something
		}
	}
	for _, k := range []string{"mu", "sigma", "a", "b", "q"} {
		if has(k) {
			remedy := "add `distribution: normal`, `beta`, `q_uniform` or another that takes it"
			switch {
			case k == "q" && has("min") && has("max"):
				remedy = "add `distribution: q_uniform`"
			case k == "mu" || k == "sigma":
				remedy = "add `distribution: normal`, or another that takes it"
			case k == "a" || k == "b":
				remedy = "add `distribution: beta`"
			}
			d.fail(n, field, fmt.Sprintf("`%s` is given without a distribution", k), remedy)
			return ""
		}
	}
	switch {
	case has("values") && has("probabilities"):
		return CategoricalProbs
	case has("values"):
		return Categorical
	case has("value"):
		return Constant
	case has("min") && has("max"):
		if isInteger(n.get("min")) && isInteger(n.get("max")) {
			return IntUniform
		}
		return Uniform
	case has("min") || has("max"):
		d.fail(n, field, "a range needs both `min` and `max`", "add the other bound")
	default:
		d.fail(n, field, "the parameter says nothing about its values",
			"add `value`, `values`, `min` and `max`, or `parameters`")
	}
	return ""
}

// argument reads one key of a distribution into its dimension.
func (d *decoder) argument(dim *Dimension, n *node, field, key string) {
	at, field := n.get(key), join(field, key)
	if at == nil {
		return // it has a default, or was found missing
	}
	switch key {
	case "value":
		dim.Values = []Value{d.value(at, field)}
	case "values":
		items := d.list(at, field, "values: [1, 2, 3]")
		if at.kind == list && len(items) == 0 {
			d.fail(at, field, "the list of values is empty", "give at least one value")
		}
		for i, item := range items {
			dim.Values = append(dim.Values, d.value(item, fmt.Sprintf("%s.%d", field, i)))
		}
	case "probabilities":
		for i, item := range d.list(at, field, "probabilities: [0.5, 0.5]") {
			p, _ := d.float(item, fmt.Sprintf("%s.%d", field, i))
			dim.Probabilities = append(dim.Probabilities, p)
		}
	default:
		d.number(dim, at, field, key)
	}
}

func (d *decoder) number(dim *Dimension, at *node, field, key string) {
	if dim.Distribution == IntUniform {
		i := d.integer(at, field, math.MinInt64, math.MaxInt64)
		if key == "min" {
			dim.low, dim.Min = i, float64(i)
		} else {
			dim.high, dim.Max = i, float64(i)
		}
		return
	}
	x, ok := d.float(at, field)
	if !ok {
		return
	}
	switch key {
	case "min":
		dim.Min = x
	case "max":
		dim.Max = x
	case "mu":
		dim.Mu = x
	case "sigma":
		dim.Sigma = x
	case "a":
		dim.A = x
	case "b":
		dim.B = x
	case "q":
		dim.Q, dim.Integer = x, isInteger(at)
	}
}

// together refuses keys that say twice what the values are, where no distribution tells which is meant.
func (d *decoder) together(n *node, field string, takes []string) bool {
	var extra []string
	var at *node
	for _, p := range n.pairs {
		if k := p.key.text; slices.Contains([]string{"value", "values", "min", "max"}, k) &&
			!slices.Contains(takes, k) {
			extra = append(extra, k)
			if at == nil {
				at = p.key
			}
		}
	}
	if n.get("distribution") != nil || len(extra) == 0 {
		return false
	}
	both := strings.ReplaceAll(quoted(extra), " or ", " and ")
	d.fail(at, join(field, extra[0]),
		fmt.Sprintf("%s beside `%s`: both say what the values are", both, takes[0]),
		fmt.Sprintf("remove %s, or remove `%s`", both, takes[0]))
	return true
}
