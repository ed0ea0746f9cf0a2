package sweep

import "fmt"

// otherTool refuses a whole file in the format of another tool by one sentence, instead of each of its keys.
func (d *decoder) otherTool(root *node) bool {
	if n := root.get("kind"); n != nil && n.text == "Experiment" {
		d.fail(n, "kind", "this is an experiment of another tool, and no sweep file",
			"`kaon run` and `kaon plan` read Katib's, those of kubeflow.org/v1beta1, and `kaon import FILE` "+
				"prints one as a sweep file, which may stand here")
		return true
	}
	for _, key := range []string{"searchSpace", "searchSpaceFile", "trialCommand", "searchSpacePath",
		"trainingServicePlatform", "trainingService", "maxTrialNum", "useAnnotation"} {
		if n := root.key(key); n != nil {
			d.fail(n, "", fmt.Sprintf("this is an experiment of NNI (it has `%s`), and no sweep file", key),
				"`kaon import FILE` prints a whole one as a sweep file; or write one: `trialCommand`, or `trial: "+
					"{command: …}`, is `command`, `tuner` is "+
					"`method`, `maxTrialNumber` or `maxTrialNum` is `run_cap`, "+
					"`trialConcurrency` is `limits: {parallel: …}`, and the search space goes below "+
					"`parameters`")
			return true
		}
	}
	for _, p := range root.pairs {
		if p.value.get("_type") == nil {
			return false
		}
	}
	if len(root.pairs) > 0 {
		d.fail(root, "", "this is a search space of NNI, and no sweep file",
			"write a sweep file with `method`, `command`, and these below `parameters`; kaon then says of "+
				"each `_type` how it is written here")
		return true
	}
	return false
}

// nniHere writes a parameter of NNI as kaon has it; "": it is not known how.
func nniHere(kind string, value *node) string {
	if value == nil || value.kind != list {
		return ""
	}
	if kind == "choice" {
		return short("{values: " + value.source() + "}")
	}
	names := map[string][]string{
		"uniform": {"uniform", "min", "max"}, "quniform": {"q_uniform", "min", "max", "q"},
		"loguniform":  {"log_uniform_values", "min", "max"},
		"qloguniform": {"q_log_uniform_values", "min", "max", "q"},
		"normal":      {"normal", "mu", "sigma"}, "qnormal": {"q_normal", "mu", "sigma", "q"},
		"lognormal": {"log_normal", "mu", "sigma"}, "qlognormal": {"q_log_normal", "mu", "sigma", "q"},
	}[kind]
	if len(names) == 0 || len(value.items) != len(names)-1 {
		return ""
	}
	text := "{distribution: " + names[0]
	for i, item := range value.items {
		text += ", " + names[i+1] + ": " + item.source()
	}
	return text + "}"
}

// nni refuses a parameter as NNI writes it, and says how it is written here.
func (d *decoder) nni(n *node, field string) bool {
	t := n.get("_type")
	if t == nil {
		return false
	}
	remedy := "write `{values: […]}`, `{min: …, max: …}` or a `distribution`"
	if here := nniTypes[t.text]; here != "" {
		remedy = "write " + here
	}
	if text := nniHere(t.text, n.get("_value")); text != "" {
		remedy = "write " + text
	}
	d.fail(n, field, fmt.Sprintf("`_type: %s` with `_value` is how NNI writes it", short(t.text)), remedy)
	return true
}

// nniTypes says how the distributions of NNI are written here.
var nniTypes = map[string]string{
	"choice":      "{values: […]}",
	"randint":     "{min: LOW, max: HIGH - 1}",
	"uniform":     "{min: LOW, max: HIGH}, as floats",
	"quniform":    "{distribution: q_uniform, min: LOW, max: HIGH, q: …}",
	"loguniform":  "{distribution: log_uniform_values, min: LOW, max: HIGH}",
	"qloguniform": "{distribution: q_log_uniform_values, min: LOW, max: HIGH, q: …}",
	"normal":      "{distribution: normal, mu: …, sigma: …}",
	"qnormal":     "{distribution: q_normal, mu: …, sigma: …, q: …}",
	"lognormal":   "{distribution: log_normal, mu: …, sigma: …}",
	"qlognormal":  "{distribution: q_log_normal, mu: …, sigma: …, q: …}",
}
