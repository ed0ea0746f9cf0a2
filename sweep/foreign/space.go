package foreign

import (
	"bytes"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// A space alone, of Optuna or Ray Tune, has no program and no metric: the sweep file has places for them.

// mayBeSpace tells cheaply whether a text can be a search space of Optuna's or Ray Tune's.
func mayBeSpace(src []byte) bool {
	return bytes.Contains(src, []byte("Distribution")) || bytes.Contains(src, []byte("grid_search")) ||
		bytes.Contains(src, []byte("tune."))
}

// ours tells a mapping that has a key of a sweep file.
func ours(root *sweep.Tree) bool {
	return slices.ContainsFunc([]string{"method", "parameters", "command", "program"}, func(key string) bool {
		return root.Get(key) != nil
	})
}

// isOptuna tells distributions of Optuna as JSON, by the names of parameters.
func isOptuna(root *sweep.Tree) bool {
	if root == nil || len(root.Pairs) == 0 || ours(root) {
		return false
	}
	read := optunaReader{}
	return !slices.ContainsFunc(root.Pairs, func(p sweep.TreePair) bool {
		d := read.distribution(p.Value)
		return d.Get("name") == nil || !strings.HasSuffix(d.Get("name").Text, "Distribution") ||
			d.Get("attributes") == nil
	})
}

// optunaReader keeps what texts were read as: of one that many aliases name, that is done once.
type optunaReader map[string]*sweep.Tree

// distribution is one that may be text, as distribution_to_json gives it.
func (o optunaReader) distribution(v *sweep.Tree) *sweep.Tree {
	if v.Mapping || v.List || !strings.HasPrefix(v.Text, "{") {
		return v
	}
	if known, ok := o[v.Text]; ok {
		return known
	}
	o[v.Text] = v
	if inner, err := sweep.ReadAnyTree("", []byte(v.Text)); err == nil {
		o[v.Text] = moved(inner, v)
	}
	return o[v.Text]
}

// mostSpace bounds the text of a space's parameters, which aliases could make of any size.
const mostSpace = 64 << 10

// room tells whether there is room for one more parameter, and refuses what goes beyond it.
func (r *reading) room(at *sweep.Tree, text string) bool {
	r.spaceSize += len(text)
	if r.spaceSize > mostSpace {
		r.refuse(at, at.Text, "the space is too large")
	}
	return r.spaceSize <= mostSpace
}

// optuna reads distributions of Optuna.
func optuna(r *reading, root *sweep.Tree) {
	spaceHead(r, root, "tpe", "Optuna's own choice of a search")
	r.space.put(root, "parameters:")
	read := optunaReader{}
	for _, p := range root.Pairs {
		d := read.distribution(p.Value)
		name := d.Get("name")
		a := r.object(d.Get("attributes"), p.Key.Text+".attributes")
		text := ""
		switch kind := name.Text; kind {
		case "CategoricalDistribution":
			if choices := a.get("choices"); choices != nil && choices.List && len(choices.Items) > 0 {
				text = "{values: " + source(choices) + "}"
			} else {
				r.refuse(p.Key, p.Key.Text, "there are no `choices`")
			}
		case "FloatDistribution", "UniformDistribution", "LogUniformDistribution", "DiscreteUniformDistribution":
			step, at := a.float("step")
			if at == nil {
				step, _ = a.float("q")
			}
			text = numericSpace(r, p.Key, a, step, kind == "LogUniformDistribution", false)
		case "IntDistribution", "IntUniformDistribution", "IntLogUniformDistribution":
			step, _ := a.float("step")
			if step == 1 {
				step = 0
			}
			text = numericSpace(r, p.Key, a, step, kind == "IntLogUniformDistribution", true)
		default:
			r.refuse(name, p.Key.Text, "kaon has no `"+clipped(name.Text)+"`")
		}
		a.rest("it is not carried")
		if text == "" {
			continue
		}
		if !r.room(p.Key, text) {
			return
		}
		r.space.put(p.Key, "  %s: %s", quote(p.Key.Text), text)
	}
	spaceProgram(r, root)
}

// numericSpace is a number from `low` to `high`; step 0: none.
func numericSpace(r *reading, at *sweep.Tree, a *object, step float64, log, whole bool) string {
	low, has := a.float("low")
	high, also := a.float("high")
	if by, _ := a.boolean("log"); by {
		log = true
	}
	switch {
	case has == nil || also == nil || low > high || log && low <= 0:
		r.refuse(at, at.Text, "a number goes from `low` to `high`, by magnitude above 0")
		return ""
	case low == high:
		return "{value: " + number(low) + "}"
	case step > 0 && log:
		r.leave(at, at.Text, "steps by magnitude are not carried", "without them")
	case step > 0:
		count := int((high-low)/step+1e-9) + 1
		if count > mostGuildValues || count < 1 {
			r.refuse(at, at.Text, "there are too many steps")
			return ""
		}
		var values []string
		for i := range count {
			if v := low + float64(i)*step; whole {
				values = append(values, number(v))
			} else {
				values = append(values, float(short12(v)))
			}
		}
		return "{values: [" + strings.Join(values, ", ") + "]}"
	}
	switch {
	case log && whole:
		return "{distribution: q_log_uniform_values, min: " + number(low) + ", max: " + number(high) + ", q: 1}"
	case log:
		return "{distribution: log_uniform_values, min: " + float(low) + ", max: " + float(high) + "}"
	case whole:
		return "{distribution: int_uniform, min: " + number(low) + ", max: " + number(high) + "}"
	}
	return "{distribution: uniform, min: " + float(low) + ", max: " + float(high) + "}"
}

// spaceHead writes the method, and a place for the metric.
func spaceHead(r *reading, at *sweep.Tree, method, why string) {
	r.head.note("", "%s", why)
	r.head.put(at, "method: %s", method)
	r.head.note("", "a space has no metric: name yours, here or by --set metric.name=…")
	r.head.put(at, "metric: {name: loss, goal: minimize}")
}

// spaceProgram writes a place for the program.
func spaceProgram(r *reading, at *sweep.Tree) {
	r.command.note("", "a space has no program: name yours, here or by --set program=…; it is given the parameters "+
		"as flags, and as JSON in $KAON_PARAMS")
	r.command.put(at, "program: train.py")
}
