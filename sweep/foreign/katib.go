package foreign

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// mayBeKatib tells cheaply whether a text can be an Experiment of Katib.
func mayBeKatib(src []byte) bool {
	return bytes.Contains(src, []byte("kubeflow.org/")) && bytes.Contains(src, []byte("Experiment"))
}

func isKatib(root *sweep.Tree) bool {
	kind, version := root.Get("kind"), root.Get("apiVersion")
	return kind != nil && kind.Text == "Experiment" && version != nil &&
		strings.HasPrefix(version.Text, "kubeflow.org/")
}

// katib reads an Experiment, kubeflow.org/v1beta1.
func katib(r *reading, root *sweep.Tree) {
	top := r.object(root, "")
	if v := top.get("apiVersion"); v.Text != "kubeflow.org/v1beta1" {
		r.refuse(v, "apiVersion", fmt.Sprintf("kubeflow.org/v1beta1 is read, not `%s`", clipped(v.Text)))
		return
	}
	top.get("kind")
	top.idle("status")
	meta := top.object("metadata")
	katibName(r, meta)
	spec := top.object("spec")
	if spec.tree == nil {
		r.refuse(root, "spec", "the experiment has no `spec`")
		return
	}
	top.rest("an Experiment has no such key")
	goal := spec.object("objective")
	search := katibAlgorithm(r, spec.object("algorithm"))
	if nas := spec.get("nasConfig"); nas != nil {
		r.refuse(nas, "spec.nasConfig", "a search for network architectures has no parameters that kaon could choose")
		return
	}
	metrics := katibObjective(r, goal)
	katibSpace(r, spec, search)
	collect := katibCollector(r, spec.object("metricsCollectorSpec"))
	katibTemplate(r, spec.object("trialTemplate"), meta, katibNames(spec), collect)
	katibEarly(r, spec.object("earlyStopping"), search, metrics)
	katibCounts(r, spec, search)
	spec.idle("resumePolicy")
	spec.rest("it is not known what this is")
}

// katibName takes the name; what Kubernetes finds the experiment by has no effect here.
func katibName(r *reading, meta *object) {
	name := meta.get("name")
	if name == nil {
		name = meta.get("generateName")
	}
	if name != nil {
		r.head.put(name, "name: %s", quote(strings.TrimRight(name.Text, "-")))
	}
	meta.idle("namespace", "labels", "annotations", "uid", "resourceVersion", "creationTimestamp", "generation",
		"finalizers", "generateName", "managedFields", "selfLink", "ownerReferences")
	meta.rest("it is not known what this is")
}

// katibObjective writes `metric` and `metrics`, and says whether there is an objective.
func katibObjective(r *reading, o *object) bool {
	name := o.get("objectiveMetricName")
	if name == nil {
		r.refuse(o.nearest(), "spec.objective.objectiveMetricName", "the experiment names no metric")
		return false
	}
	goal := "minimize"
	switch kind := o.get("type"); {
	case kind == nil:
		r.head.note("", "the objective has no type: minimized")
	case kind.Text == "maximize" || kind.Text == "minimize":
		goal = kind.Text
	default:
		r.refuse(kind, "spec.objective.type", fmt.Sprintf("minimize or maximize is needed, not `%s`",
			clipped(kind.Text)))
	}
	best := map[string]string{"minimize": "min", "maximize": "max"}[goal]
	reduce := map[string]string{}
	for i, item := range o.list("metricStrategies") {
		s := r.object(item, fmt.Sprintf("spec.objective.metricStrategies.%d", i))
		word := map[string]string{"min": "min", "max": "max", "latest": "last"}[s.text("value")]
		if word == "" {
			r.refuse(item, s.path, "a strategy is min, max or latest")
			continue
		}
		reduce[s.text("name")] = word
		s.rest("it is not known what this is")
	}
	way := reduce[name.Text]
	if way == "" {
		way = best
		r.head.note("", "without a metricStrategy Katib takes the best value that a trial reported")
	}
	r.head.put(name, "metric:")
	r.head.put(name, "  name: %s", quote(name.Text))
	r.head.put(name, "  goal: %s", goal)
	r.head.put(name, "  reduce: %s", way)
	if target, at := o.float("goal"); at != nil {
		r.head.put(at, "  target: %s", number(target))
	}
	katibMetrics(r, o, reduce, best)
	o.rest("it is not known what this is")
	return true
}

func katibMetrics(r *reading, o *object, reduce map[string]string, best string) {
	more := o.list("additionalMetricNames")
	if len(more) == 0 {
		return
	}
	r.head.put(more[0], "metrics:")
	for _, m := range more {
		way := reduce[m.Text]
		if way == "" {
			way = best
		}
		r.head.put(m, "  - {name: %s, reduce: %s}", quote(m.Text), way)
	}
}

// katibCounts writes the limits.
func katibCounts(r *reading, spec *object, s katibSearch) {
	parallel, at := spec.whole("parallelTrialCount")
	d := &r.tail
	if at == nil {
		const usual = 3
		parallel, at = usual, spec.tree
		d.note("", "Katib runs three trials at a time unless it is told otherwise")
	}
	d.put(at, "limits:")
	d.put(at, "  parallel: %d", max(parallel, 1))
	if failed, at := spec.whole("maxFailedTrialCount"); at != nil {
		d.note("  ", "Katib ends with one more than maxFailedTrialCount")
		d.put(at, "  failed: %d", failed+1)
	}
	if most, at := spec.whole("maxTrialCount"); at != nil {
		d.put(at, "run_cap: %d", most)
	} else if s.method != "grid" {
		d.note("", "no maxTrialCount: Katib would go on until the goal; kaon ends after 100 trials, run_cap sets "+
			"another number")
	}
}

// katibNames are the parameters that there are.
func katibNames(spec *object) (names []string) {
	for _, p := range spec.list("parameters") {
		if n := p.Get("name"); n != nil && !slices.Contains(names, n.Text) {
			names = append(names, n.Text)
		}
	}
	return names
}
