package foreign

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/kaon-sweep/kaon/sweep"
)

// katibSearch is what an algorithm of Katib is here.
type katibSearch struct {
	method   string
	at       *sweep.Tree
	resource string // hyperband: the parameter that says how long a trial trains
	most     int    // hyperband: r_l
	eta      int
}

type katibSettings struct {
	method string
	why    string
	same   map[string][]string // settings that change nothing when they have one of these values
}

// parzen are the defaults of Katib's tpe, by hyperopt and by Optuna.
var parzen = map[string][]string{
	"gamma": {"0.25"}, "prior_weight": {"1", "1.0"}, "n_EI_candidates": {"24"}, "n_ei_candidates": {"24"},
	"n_startup_trials": {"10"},
}

// katibAlgorithms are the algorithms that kaon has. A setting that is Katib's default is the same as none.
var katibAlgorithms = map[string]katibSettings{
	"random":           {"random", "", nil},
	"grid":             {"grid", "", nil},
	"sobol":            {"sobol", "", nil},
	"tpe":              {"tpe", "", parzen},
	"multivariate-tpe": {"tpe", "kaon has one tpe, which is not told how parameters belong together", parzen},
	"bayesianoptimization": {"gp", "a Gaussian process with expected improvement, which sets itself",
		map[string][]string{
			"base_estimator": {"GP"}, "acq_func": {"EI", "gp_hedge"}, "acq_optimizer": {"auto"},
			"n_initial_points": {"10"},
		}},
	"cmaes": {"cma-es", "kaon begins again elsewhere when it has converged, as BIPOP does",
		map[string][]string{"restart_strategy": {"bipop", "ipop", "none"}}},
	"hyperband": {"random", "the losers of a random search are ended early, see early_terminate", nil},
}

// katibAlgorithm writes `method` and `seed`.
func katibAlgorithm(r *reading, o *object) (s katibSearch) {
	name := o.get("algorithmName")
	if name == nil {
		r.refuse(o.nearest(), "spec.algorithm.algorithmName", "the experiment names no algorithm")
		return s
	}
	s.at = name
	known, ok := katibAlgorithms[name.Text]
	if !ok {
		problem := fmt.Sprintf("kaon has no `%s`", clipped(name.Text))
		switch name.Text {
		case "enas", "darts":
			r.refuse(name, "spec.algorithm.algorithmName", problem+": it makes architectures of networks, not points")
		default:
			r.leave(name, "spec.algorithm.algorithmName", problem, "searched at random")
		}
		known = katibSettings{method: "random"}
	}
	s.method = known.method
	if known.why != "" {
		r.head.note("", "%s is `%s` here: %s", name.Text, s.method, known.why)
	}
	r.head.put(name, "method: %s", s.method)
	const usualEta = 3
	s.eta = usualEta
	for i, item := range o.list("algorithmSettings") {
		set := r.object(item, fmt.Sprintf("spec.algorithm.algorithmSettings.%d", i))
		key, value := set.text("name"), set.text("value")
		set.rest("it is not known what this is")
		if ok {
			s.setting(r, set, name.Text, key, value)
		}
	}
	if name.Text == "hyperband" && (s.resource == "" || s.most < 1) {
		r.refuse(name, "spec.algorithm.algorithmSettings", "hyperband needs the settings resource_name and r_l")
	}
	o.rest("it is not known what this is")
	return s
}

// setting takes one setting of an algorithm.
func (s *katibSearch) setting(r *reading, o *object, algorithm, key, value string) {
	n, err := strconv.Atoi(value)
	whole := func() int {
		if err != nil || n < 0 {
			r.refuse(o.tree, o.path, fmt.Sprintf("%s is a whole number, not `%s`", key, clipped(value)))
		}
		return n
	}
	switch {
	case key == "random_state" || key == "seed":
		r.head.put(o.tree, "seed: %d", max(whole(), 0))
	case algorithm == "hyperband" && key == "resource_name":
		s.resource = value
	case algorithm == "hyperband" && key == "r_l":
		f, err := strconv.ParseFloat(value, 64)
		if err != nil || f < 1 {
			r.refuse(o.tree, o.path, fmt.Sprintf("r_l is a number from 1, not `%s`", clipped(value)))
		}
		s.most = int(f)
	case algorithm == "hyperband" && key == "eta":
		s.eta = max(whole(), 2)
	case slices.Contains(katibAlgorithms[algorithm].same[key], value):
		r.idle = append(r.idle, fmt.Sprintf("%s %s (line %d)", key, value, o.tree.Line))
	default:
		r.leave(o.tree, o.path, fmt.Sprintf("kaon's `%s` has no setting `%s`", s.method, clipped(key)),
			"as kaon has it")
	}
}

// katibEarly writes `early_terminate`.
func katibEarly(r *reading, o *object, s katibSearch, objective bool) {
	d := &draft{}
	if s.resource != "" && s.most > 1 {
		d.note("  ", "the brackets of hyperband, by how many times a trial has reported the metric: once each "+
			"unit of %s", s.resource)
		if s.eta >= s.most {
			d.put(s.at, "  - {type: asha, eta: %d, max_iter: %d}", s.eta, s.most)
		} else {
			d.put(s.at, "  - {type: hyperband, eta: %d, max_iter: %d}", s.eta, s.most)
		}
	}
	name := o.get("algorithmName")
	switch {
	case name == nil:
	case name.Text != "medianstop":
		r.leave(name, "spec.earlyStopping.algorithmName", fmt.Sprintf("kaon has no `%s`", clipped(name.Text)),
			"no trial is ended early by it")
		o.get("algorithmSettings")
	default:
		least, first := "3", "4" // Katib's defaults
		for i, item := range o.list("algorithmSettings") {
			set := r.object(item, fmt.Sprintf("spec.earlyStopping.algorithmSettings.%d", i))
			switch key, value := set.text("name"), set.text("value"); key {
			case "min_trials_required":
				least = value
			case "start_step":
				first = value
			default:
				r.leave(item, set.path, fmt.Sprintf("medianstop has no setting `%s`", clipped(key)),
					"as if it were not there")
			}
			set.rest("it is not known what this is")
		}
		d.put(name, "  - {type: median, min_trials: %s, min_iter: %s}", quoteNumber(least), quoteNumber(first))
	}
	o.rest("it is not known what this is")
	if !d.empty() && objective {
		r.tail.put(d.origin(), "early_terminate:")
		r.tail.add(d)
	}
}

// origin is what the last line came from.
func (d *draft) origin() *sweep.Tree {
	p := d.from[len(d.from)-1]
	return &sweep.Tree{Line: p.line, Column: p.column}
}

// quoteNumber leaves a number as it is; anything else is text, of which the parser says what it should have been.
func quoteNumber(s string) string {
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s
	}
	return quote(s)
}
