package sweep

import (
	"fmt"
	"slices"
)

// otherSpellings are names that other tools have for searches that are built here.
var otherSpellings = map[string]string{"latin": "lhs", "latin_hypercube": "lhs", "qmc": "sobol",
	"optuna": "tpe", "hyperopt": "tpe", "cmaes": "cma-es", "cma_es": "cma-es", "cma": "cma-es",
	"gp_ei": "gp", "gaussian_process": "gp", "gpr": "gp", "gpei": "gp", "turbo": "gp",
	"bayesian": "bayes", "bayesopt": "bayes", "bayesian_optimization": "bayes", "bo": "bayes",
}

// learning are the searches whose points depend on results.
var learning = []string{"tpe", "gp", "cma-es"}

// mostSearched is how many parameters a search that learns takes: beyond, one point would take seconds, and the
// covariances of CMA-ES gigabytes.
var mostSearched = map[string]int{"tpe": 2000, "gp": 1000, "cma-es": 500}

// learns says whether the points of the method depend on results.
func (s *Spec) learns() bool {
	return s.Method == "auto" || s.Method == "bayes" || slices.Contains(learning, s.Method)
}

// learns checks what a search that learns from results needs, and says what other names stand for.
func (d *decoder) learns(root *node) {
	s := d.spec
	if s.Method == "auto" && s.Objective.Name == "" {
		s.Method, s.Chosen = "sobol", "`auto` chose `sobol`: without a `metric` there is nothing to learn from"
	}
	if !s.learns() {
		return
	}
	if s.Objective.Name == "" {
		d.fail(root.get("method"), "method",
			fmt.Sprintf("`%s` learns from results, and the spec names no metric", short(root.get("method").text)),
			"add `metric: {name: loss, goal: minimize}` with the name that trials report, or use `method: random`")
	}
	metric := root.get("metric")
	if metric == nil {
		return
	}
	if n := metric.get("impute"); n != nil && n.text != "worst" {
		d.warn(n, "metric.impute", "failed trials count as worse than all others here",
			"write `impute: worst`, or leave it out")
	}
	if n := metric.get("impute_while_running"); n != nil && n.text != "false" {
		d.warn(n, "metric.impute_while_running", "trials in flight count as points to keep away from here",
			"leave it out")
	}
}

// SobolDimensions is how many parameters the table of Sobol's sequence serves; those beyond are drawn at
// random.
const SobolDimensions = 1024

// suits chooses for `auto`, and checks that a search can take the space.
func (d *decoder) suits(root *node) {
	s := d.spec
	searched, choices := 0, ""
	for _, l := range s.Space.leaves {
		n := l.distinct()
		if n != nil && n.IsInt64() && n.Int64() < 2 {
			continue
		}
		searched++
		choice := l.Distribution == Categorical || l.Distribution == CategoricalProbs || l.tie != nil
		ordered := l.Ordered()
		if l.tie != nil {
			ordered = l.tie.ordered
		}
		if choice && choices == "" && n.Int64() > 2 && !ordered {
			choices = l.Name
		}
	}
	at := root.get("method")
	switch {
	case s.Method == "auto" || s.Method == "bayes":
		d.chooseMethod(searched, choices)
	case mostSearched[s.Method] > 0 && searched > mostSearched[s.Method]:
		d.fail(at, "method", fmt.Sprintf("`%s` searches at most %d parameters, and %d have more than one value",
			s.Method,
			mostSearched[s.Method], searched), "use `method: random` or `sobol`, or give some of them one value")
	case s.Method == "cma-es" && choices != "":
		d.fail(at, "method", fmt.Sprintf("`cma-es` needs parameters whose values have an order, and those of `%s` "+
			"have none", short(choices)),
			"use `method: tpe`, which takes choices too")
	case s.Method == "sobol" && searched > SobolDimensions:
		d.warn(at, "method", fmt.Sprintf("Sobol's sequence has %d dimensions here: the last %d of %d parameters "+
			"are drawn at random", SobolDimensions, searched-SobolDimensions, searched), "")
	}
}

// order reads in which order a grid is walked.
func (d *decoder) order(n *node) {
	if n == nil || n.null {
		return
	}
	word := d.word(n, "order", []string{"sequential", "shuffled"})
	if d.spec.Method != "grid" && d.spec.Method != "" && word != "" {
		d.fail(n, "order", "only a grid has an order", "remove it, or use `method: grid`")
	}
	d.spec.Shuffled = word == "shuffled"
}
