package sweep

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// paramName is what a parameter may be called: W&B allows letters, digits, _ . and -, and files in the wild
// also use slashes and colons, and Hydra's +, ++ and ~ before the name. What would break flags and variables
// is refused.
var paramName = regexp.MustCompile(`^(\+{1,2}|~)?[\pL_][^\s=\pC'"$` + "`" + `\\]*$`)

// maxParameters bounds the parameters of one spec.
const maxParameters = 10_000

// space reads `parameters`.
func (d *decoder) space(root *node) {
	s := &Space{}
	d.spec.Space = s
	n := root.get("parameters")
	if n == nil || n.null {
		if d.misspelt(root, "parameters") || d.misplaced["parameters"] || n != nil && d.lost[n] {
			return
		}
		if !d.options.winner { // a spec that follows another may be one trial
			at := root
			if n != nil {
				at = n
			}
			d.fail(at, "parameters", "there are no parameters to search", "add `parameters:` with at least one; `parameters: {run: {value: 1}}` makes a grid of one trial")
		}
		return
	}
	whens := map[int][]*node{} // of each leaf, from the outermost group to its own
	d.group(n, "parameters", nil, nil, whens)
	d.distinct(n)
	d.conditions(whens)
	if size, finite := s.product(); finite {
		s.size = size
	}
}

// group reads a mapping of parameters; when is the condition of the group it is in.
func (d *decoder) group(n *node, field string, path []string, when []*node, whens map[int][]*node) {
	if n.kind != mapping {
		d.fail(n, field, "a mapping of parameters is needed, not "+n.what(), "write each as `name: {values: […]}` or `name: {min: …, max: …}`")
		return
	}
	if len(n.pairs) == 0 {
		d.fail(n, field, "there are no parameters in it", "add one, or remove the group")
	}
	lost := d.unindented(n, field, func(p pair) bool { return slices.Contains(keys["parameter"], p.key.text) && p.value.kind != mapping })
	for _, p := range n.pairs {
		name := p.key.text
		at := join(field, name)
		if lost[p.key] || d.lost[p.value] {
			continue
		}
		if len(path) == 0 && name == "from" && p.value.kind == scalar {
			d.notBuilt(p.key, at, "parameters: from")
			continue
		}
		if !d.goodName(p.key, at) {
			continue
		}
		if len(d.spec.Space.leaves) == maxParameters {
			d.fail(p.key, at, fmt.Sprintf("there are more than %d parameters", maxParameters), "use fewer")
			return
		}
		d.parameter(p, at, append(slices.Clone(path), name), when, whens)
	}
}

func (d *decoder) goodName(key *node, field string) bool {
	switch name := key.text; {
	case name == "__proto__":
		d.fail(key, field, "a parameter cannot be named `__proto__`", "choose another name: browsers give this one a meaning of its own")
	case !paramName.MatchString(name) || len(name) > 128:
		d.fail(key, field, fmt.Sprintf("`%s` cannot be a parameter's name", short(name)), "start with a letter; then letters, digits, _ - . or /, at most 128 in all")
	default:
		return true
	}
	return false
}

// parameter reads one parameter or nested group.
func (d *decoder) parameter(p pair, field string, path []string, when []*node, whens map[int][]*node) {
	n := p.value
	if n.kind != mapping {
		remedy := fmt.Sprintf("write `%s: {values: [1, 2]}` or `{min: 0.0, max: 1.0}`", short(p.key.text))
		if call.MatchString(n.text) && n.kind == scalar {
			remedy = fmt.Sprintf("a spec is data and calls nothing: write `%s: {min: 0.0, max: 1.0}` or `%s: {values: [1, 2]}`", short(p.key.text), short(p.key.text))
		} else if n.kind == scalar && !n.null {
			remedy = fmt.Sprintf("for a constant write `%s: {value: %s}`", short(p.key.text), short(n.source()))
		} else if n.kind == list {
			remedy = fmt.Sprintf("for a choice write `%s: {values: […]}`", short(p.key.text))
		}
		d.fail(n, field, "a parameter is a mapping, not "+n.what(), remedy)
		return
	}
	if d.nni(n, field) || d.groupWithout(p, field) || d.otherKeys(p, field) || !d.mapping(n, field, "parameter") {
		return
	}
	if w := n.get("when"); w != nil {
		when = append(slices.Clone(when), w)
	}
	if inner := n.get("parameters"); inner != nil {
		for _, q := range n.pairs {
			if q.key.text != "parameters" && q.key.text != "when" {
				d.fail(q.key, join(field, q.key.text), fmt.Sprintf("`%s` has no meaning beside `parameters`", short(q.key.text)), "a group holds only `parameters` and `when`")
			}
		}
		d.group(inner, field+".parameters", path, when, whens)
		return
	}
	before := len(d.problems)
	dim, ok := d.dimension(n, field)
	if !ok || len(d.problems) > before {
		return
	}
	dim.Name = dotted(path)
	l := &leaf{Dimension: dim, path: path}
	if d.spec.Method == "grid" && !d.onGrid(l, n, field) {
		return
	}
	if len(when) > 0 {
		whens[len(d.spec.Space.leaves)] = when
	}
	d.spec.Space.leaves = append(d.spec.Space.leaves, l)
}

// call is code of a search space, as tune.uniform(0, 1).
var call = regexp.MustCompile(`^[A-Za-z_][\w.]*\(.*\)$`)

// onGrid gives the leaf its number of choices, or refuses it.
func (d *decoder) onGrid(l *leaf, n *node, field string) bool {
	if l.Distribution == Categorical {
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
	return true
}

// dropRepeats keeps one of equal values, as W&B's grid does.
func (d *decoder) dropRepeats(l *leaf, n *node, field string) {
	seen := map[string]bool{}
	var kept []Value
	for _, v := range l.Values {
		text := fmt.Sprintf("%T%s", v, appendRepr(nil, v))
		if seen[text] {
			d.warn(n.get("values"), field+".values", fmt.Sprintf("value %s is given more than once; the grid runs it once", short(Format(v))), "")
			continue
		}
		seen[text] = true
		kept = append(kept, v)
	}
	l.Values = kept
}

// distinct refuses parameters that cannot be told apart: group a with b, and a parameter named a.b.
func (d *decoder) distinct(n *node) {
	names, variables := map[string]bool{}, map[string]string{}
	for _, l := range d.spec.Space.leaves {
		if names[l.Name] {
			d.fail(n, "parameters."+l.Name, fmt.Sprintf("two parameters are called `%s` once groups are unfolded", short(l.Name)), "rename one of them")
		}
		names[l.Name] = true
		v := EnvName(l.path[0])
		if other, taken := variables[v]; taken && other != l.path[0] {
			d.warn(n, "parameters."+l.Name, fmt.Sprintf("`%s` and `%s` share the variable %s", short(other), short(l.path[0]), v), "rename one, or read KAON_PARAMS")
		}
		variables[v] = l.path[0]
	}
}

// EnvName is the environment variable of a parameter: KAON_PARAM_ and the name in upper case, anything but
// ASCII letters and digits as _.
func EnvName(param string) string {
	return "KAON_PARAM_" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, param)
}

// conditions compiles every `when` once all parameters are known.
func (d *decoder) conditions(whens map[int][]*node) {
	s := d.spec.Space
	compiled := map[*node]*expression{} // the leaves of a group share its own
	for k, l := range s.leaves {
		for _, n := range whens[k] {
			e, known := compiled[n]
			if !known {
				e = d.condition(n, "parameters."+l.Name+".when", l.path[:len(l.path)-1])
				compiled[n] = e
			}
			if e != nil {
				l.when = append(l.when, e)
			}
		}
	}
	if cycle := s.sortConditions(); len(cycle) > 0 {
		var names []string
		for _, k := range cycle {
			names = append(names, s.leaves[k].Name)
		}
		at := whens[cycle[0]][0]
		d.fail(at, "parameters."+names[0]+".when", "the conditions go in a circle: "+short(strings.Join(append(names, names[0]), " → ")), "let one of them depend on nothing")
	}
}

// condition compiles one `when`; nil: it was refused.
func (d *decoder) condition(n *node, field string, group []string) *expression {
	if n.kind == mapping && len(n.pairs) == 1 && n.pairs[0].value.kind == scalar {
		value := n.pairs[0].value
		written := value.source()
		if v, err := scalarValue(value); err == nil {
			if text, ok := v.(string); ok {
				written = strconv.Quote(text)
			}
		}
		d.fail(n, field, "an expression is needed, not a mapping", fmt.Sprintf("write when: %s == %s", short(n.pairs[0].key.text), short(written)))
		return nil
	}
	text := d.text(n, field)
	if text == "" {
		return nil
	}
	e, err := d.spec.Space.compile(text, truth, group)
	if err != nil {
		d.fail(n, field, fmt.Sprintf("`%s`: %v", short(n.text), err), d.expressionAdvice(text, truth, group, err))
		return nil
	}
	return e
}

// params is what each distribution takes; the first that are given without a `distribution` decide it.
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
	string(Constant), string(Categorical), string(CategoricalProbs), string(IntUniform), string(Uniform), string(QUniform),
	string(LogUniform), string(LogUniformValues), string(QLogUniform), string(QLogUniformVals), string(InvLogUniform),
	string(InvLogUniformVal), string(Normal), string(QNormal), string(LogNormal), string(QLogNormal), string(Beta), string(QBeta),
}

// dimension reads the distribution of one parameter.
func (d *decoder) dimension(n *node, field string) (Dimension, bool) {
	dim := Dimension{Mu: 0, Sigma: 1, A: 1, B: 1} // W&B's defaults
	dim.Distribution = d.distribution(n, field)
	if dim.Distribution == "" {
		return dim, false
	}
	takes := distributionKeys[dim.Distribution]
	for _, p := range n.pairs {
		if k := p.key.text; slices.Contains(keys["parameter"], k) && k != "distribution" && k != "when" && !slices.Contains(takes, k) {
			d.fail(p.key, join(field, k), fmt.Sprintf("`%s` does not take `%s`", dim.Distribution, k), "it takes "+quoted(takes))
		}
	}
	if slices.Contains(takes, "q") {
		dim.Q, dim.Integer = 1, true // W&B's default is the integer 1
	}
	before := len(d.problems)
	var missing []string
	for _, key := range takes {
		if slices.Contains([]string{"value", "values", "probabilities", "min", "max"}, key) && n.get(key) == nil {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		d.fail(n, join(field, missing[0]), fmt.Sprintf("`%s` needs %s", dim.Distribution, strings.ReplaceAll(quoted(missing), " or ", " and ")), "add it, or choose another distribution")
	}
	for _, key := range takes {
		d.argument(&dim, n, field, key)
	}
	if len(d.problems) > before {
		return dim, false
	}
	return dim, d.consistent(&dim, n, field)
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
			d.fail(n, field, fmt.Sprintf("`%s` is given without a distribution", k), "add `distribution: normal`, `beta`, `q_uniform` or another that takes it")
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
		d.fail(n, field, "the parameter says nothing about its values", "add `value`, `values`, `min` and `max`, or `parameters`")
	}
	return ""
}

func isInteger(n *node) bool {
	if n.kind != scalar {
		return false
	}
	v, _ := scalarValue(n)
	_, ok := v.(int64)
	return ok
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
