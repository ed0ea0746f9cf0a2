package foreign

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// mostSteps is into how many values a range with a step is written out.
const mostSteps = 10_000

// katibSpace writes `parameters`.
func katibSpace(r *reading, spec *object, s katibSearch) {
	items := spec.list("parameters")
	if len(items) == 0 {
		if spec.tree.Get("nasConfig") == nil {
			r.refuse(spec.tree, "spec.parameters", "the experiment has no parameters")
		}
		return
	}
	r.space.put(items[0], "parameters:")
	seen := map[string]bool{}
	for i, item := range items {
		p := r.object(item, fmt.Sprintf("spec.parameters.%d", i))
		name := p.get("name")
		if name == nil {
			r.refuse(item, p.path, "a parameter needs a `name`")
			continue
		}
		seen[name.Text] = true
		text, notes := katibParameter(r, p)
		for _, n := range notes {
			r.space.note("  ", "%s", n)
		}
		if name.Text == s.resource && s.most > 0 {
			r.space.note("  ", "hyperband's resource: every trial may train as long, and losers are ended early")
			text = fmt.Sprintf("{value: %d}", s.most)
		}
		r.space.put(name, "  %s: %s", key(name.Text), text)
		p.rest("it is not known what this is")
	}
	if s.resource != "" && !seen[s.resource] {
		r.refuse(s.at, "spec.algorithm.algorithmSettings",
			fmt.Sprintf("resource_name is `%s`, and there is no such parameter", clipped(s.resource)))
	}
}

// key is a parameter's name as it has to be here.
func key(name string) string { return quote(plainName(name)) }

// plainName is a name without the hyphens of a flag.
func plainName(name string) string { return strings.TrimLeft(name, "-") }

// katibParameter is one parameter as kaon has it.
func katibParameter(r *reading, p *object) (text string, notes []string) {
	if name := p.text("name"); plainName(name) != name {
		notes = append(notes, "named without the hyphens of a flag")
	}
	space := p.object("feasibleSpace")
	defer space.rest("it is not known what this is")
	if space.tree == nil {
		r.refuse(p.tree, p.at("feasibleSpace"), "a parameter needs a feasibleSpace")
		return "{}", notes
	}
	switch kind := p.text("parameterType"); kind {
	case "categorical":
		return "{values: [" + strings.Join(texts(space.list("list")), ", ") + "]}", notes
	case "discrete":
		var values []string
		for _, v := range space.list("list") {
			f, ok := finite(v.Text)
			if !ok {
				r.refuse(v, space.at("list"), fmt.Sprintf("a discrete value is a number, not `%s`", clipped(v.Text)))
				continue
			}
			values = append(values, number(f))
		}
		return "{values: [" + strings.Join(values, ", ") + "]}", notes
	case "int", "double":
		text, more := katibRange(r, space, kind == "int")
		return text, append(notes, more...)
	default:
		for _, key := range []string{"min", "max", "step", "list", "distribution"} {
			space.get(key)
		}
		r.refuse(p.tree, p.at("parameterType"), fmt.Sprintf("int, double, discrete or categorical is needed, not `%s`",
			clipped(kind)))
		return "{}", notes
	}
}

// texts are scalars as text, which is what Katib hands over.
func texts(items []*sweep.Tree) (all []string) {
	for _, v := range items {
		all = append(all, quote(v.Text))
	}
	return all
}

// katibRange is a feasible space from min to max.
func katibRange(r *reading, o *object, whole bool) (text string, notes []string) {
	low, atLow := o.float("min")
	high, atHigh := o.float("max")
	if atLow == nil || atHigh == nil {
		if o.tree.Get("min") == nil || o.tree.Get("max") == nil {
			r.refuse(o.tree, o.path, "a range needs `min` and `max`")
		}
		o.get("step")
		o.get("distribution")
		return "{}", nil
	}
	if whole && (low != math.Trunc(low) || high != math.Trunc(high)) {
		r.refuse(atLow, o.path, "the bounds of an int are whole numbers")
	}
	write := float
	if whole {
		write = number
	}
	var step float64
	var atStep *sweep.Tree
	if at := o.get("step"); at != nil && at.Text != "" { // Katib's numbers are texts: an empty one is none
		step, atStep = o.float("step")
	}
	distribution := o.get("distribution")
	kind := "uniform"
	if distribution != nil {
		kind = strings.ToLower(distribution.Text)
	}
	if atStep != nil && step <= 0 {
		r.refuse(atStep, o.at("step"), "a step is above 0")
		return "{}", nil
	}
	bounds := fmt.Sprintf("min: %s, max: %s", write(low), write(high))
	quantum := 1.0
	if atStep != nil {
		quantum = step
	}
	switch kind {
	case "uniform", "":
		if atStep != nil && !(whole && step == 1) {
			return katibSteps(r, o, low, high, step, whole)
		}
		return "{" + bounds + "}", nil
	case "loguniform":
		if whole || atStep != nil {
			return fmt.Sprintf("{distribution: q_log_uniform_values, %s, q: %s}", bounds, write(quantum)), nil
		}
		return "{distribution: log_uniform_values, " + bounds + "}", nil
	case "normal", "lognormal":
		from, to, name := low, high, "normal"
		if kind == "lognormal" {
			if low <= 0 {
				r.refuse(atLow, o.at("min"), "the bounds of a logNormal are above 0")
				return "{}", nil
			}
			from, to, name = math.Log(low), math.Log(high), "log_normal"
		}
		const sigmas = 6 // of Katib: between the bounds lie three on either side
		shape := fmt.Sprintf("mu: %s, sigma: %s", float((from+to)/2), float((to-from)/sigmas))
		notes = append(notes, fmt.Sprintf("as Katib has it the bounds %s and %s are three sigmas from the middle, "+
			"and no bounds",
			write(low), write(high)))
		if whole || atStep != nil {
			return fmt.Sprintf("{distribution: q_%s, %s, q: %s}", name, shape, write(quantum)), notes
		}
		return fmt.Sprintf("{distribution: %s, %s}", name, shape), notes
	default:
		r.refuse(distribution, o.at("distribution"),
			fmt.Sprintf("uniform, logUniform, normal or logNormal is needed, not `%s`", clipped(distribution.Text)))
		return "{}", nil
	}
}

// decimal is a number as it is written, exactly: 0.1 is a tenth. A text of many digits is cut to those that a float
// has.
func decimal(v float64) *big.Rat {
	exact, _ := new(big.Rat).SetString(strconv.FormatFloat(v, 'g', -1, 64))
	return exact
}

// katibSteps writes a range with a step above 0 out, exactly: min, min + step and so on, max with them when a step
// leads there.
func katibSteps(r *reading, o *object, low, high, step float64, whole bool) (text string, notes []string) {
	if (high-low)/step >= mostSteps {
		r.refuse(o.get("step"), o.at("step"),
			fmt.Sprintf("the range has more than %d steps: remove the step", mostSteps))
		return "{}", nil
	}
	var values []string
	last, by := decimal(high), decimal(step)
	for v := decimal(low); v.Cmp(last) <= 0; v.Add(v, by) {
		f, _ := v.Float64()
		if whole {
			values = append(values, number(f))
		} else {
			values = append(values, float(f))
		}
	}
	return "{values: [" + strings.Join(values, ", ") + "]}", []string{fmt.Sprintf("from %s to %s in steps of %s",
		o.text("min"), o.text("max"), o.text("step"))}
}
