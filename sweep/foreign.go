package sweep

import "fmt"

// foreign refuses a whole file in the format of another tool by one sentence, instead of each of its keys.
func (d *decoder) foreign(root *node) bool {
	if n := root.get("kind"); n != nil && n.text == "Experiment" {
		d.notBuilt(n, "kind", "kind: Experiment")
		return true
	}
	for _, key := range []string{"searchSpace", "searchSpaceFile", "trialCommand", "searchSpacePath", "trainingServicePlatform", "trainingService", "maxTrialNum", "useAnnotation"} {
		if n := root.key(key); n != nil {
			d.fail(n, "", fmt.Sprintf("this is an experiment of NNI (it has `%s`), which kaon does not read yet", key),
				"write a sweep file: `trialCommand`, or `trial: {command: …}`, is `command`, `tuner` is `method`, `maxTrialNumber` or `maxTrialNum` is `run_cap`, "+
					"`trialConcurrency` is `limits: {parallel: …}`, and the search space goes below `parameters`")
			return true
		}
	}
	for _, p := range root.pairs {
		if p.value.get("_type") == nil {
			return false
		}
	}
	if len(root.pairs) > 0 {
		d.fail(root, "", "this is a search space of NNI, which kaon does not read yet",
			"write a sweep file with `method`, `command`, and these below `parameters`; kaon then says of each `_type` how it is written here")
		return true
	}
	return false
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
	d.fail(n, field, fmt.Sprintf("`_type: %s` with `_value` is how NNI writes it", short(t.text)), remedy)
	return true
}
