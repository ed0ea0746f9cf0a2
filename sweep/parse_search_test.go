package sweep

import (
	"strings"
	"testing"
)

// What stands for another search says so, and auto says why.
func TestMethodsThatStandForOthers(t *testing.T) {
	const numbers = "parameters: {a: {min: 0.0, max: 1.0}, b: {min: 1, max: 90}}"
	const metric = "metric: {name: y}"
	for _, c := range []struct{ spec, method, warning string }{
		{"method: bayes, run_cap: 9, " + metric + ", " + numbers, "tpe", "`bayes` is TPE here"},
		{"method: bayesian, run_cap: 9, " + metric + ", " + numbers, "tpe", "`bayes` is TPE here"},
		{"method: cmaes, run_cap: 9, " + metric + ", " + numbers, "cma-es", ""},
		{"method: gp, run_cap: 9, " + metric + ", " + numbers, "gp", ""},
		{"method: gaussian_process, run_cap: 9, " + metric + ", " + numbers, "gp", ""},
		{"method: latin, run_cap: 9, " + numbers, "lhs", ""},
		{"method: auto, run_cap: 9, " + numbers, "sobol", "nothing to learn from"},
		{"method: auto, run_cap: 79, " + metric + ", " + numbers, "tpe", "79 trials are few for 2 parameters"},
		{"method: auto, run_cap: 80, " + metric + ", " + numbers, "cma-es", "80 trials are many for 2 numeric parameters"},
		{"method: auto, run_cap: 900, " + metric + ", parameters: {a: {min: 0.0, max: 1.0}, b: {values: [x, y, z]}}",
			"tpe", "the values of `b` have no order"},
		{"method: auto, run_cap: 900, " + metric + ", parameters: {a: {min: 0.0, max: 1.0}, " +
			"b: {min: 0.0, max: 1.0, when: a > 0.5}}", "tpe", "parameters depend on each other"},
		{"method: bayes, run_cap: 9, metric: {name: y, impute: latest}, " + numbers, "tpe", "failed trials count as worse"},
		{"method: tpe, run_cap: 20, " + metric + ", parameters: {a: {min: 1, max: 10}}", "tpe", "about 10 of 20 trials repeat one"},
	} {
		s, err := Parse("", []byte("{program: x, "+c.spec+"}"))
		if err != nil {
			t.Errorf("%s: %v", c.spec, err)
			continue
		}
		said := c.warning == "" && len(s.Warnings) == 0
		for _, w := range s.Warnings {
			said = said || c.warning != "" && strings.Contains(w.Problem, c.warning)
		}
		if s.Method != c.method || !said {
			t.Errorf("%s is %s, with %v", c.spec, s.Method, s.Warnings)
		}
	}
}
