package sweep

import (
	"fmt"
	"strings"
	"testing"
)

// What stands for another search says so, and auto says why.
func TestMethodsThatStandForOthers(t *testing.T) {
	const numbers = "parameters: {a: {min: 0.0, max: 1.0}, b: {min: 1, max: 90}}"
	const metric = "metric: {name: y}"
	for _, c := range []struct{ spec, method, warning string }{
		{"method: bayes, run_cap: 9, " + metric + ", " + numbers, "gp", "`bayes` chose `gp`: a Gaussian process makes most of 9 trials"},
		{"method: bayesian, run_cap: 9, " + metric + ", " + numbers, "gp", "`bayes` chose `gp`"},
		{"method: bayes, run_cap: 5001, " + metric + ", " + numbers, "tpe", "5001 trials are more than"},
		{"method: cmaes, run_cap: 9, " + metric + ", " + numbers, "cma-es", ""},
		{"method: gp, run_cap: 9, " + metric + ", " + numbers, "gp", ""},
		{"method: gaussian_process, run_cap: 9, " + metric + ", " + numbers, "gp", ""},
		{"method: latin, run_cap: 9, " + numbers, "lhs", ""},
		{"method: auto, run_cap: 9, " + numbers, "sobol", "nothing to learn from"},
		{"method: auto, run_cap: 5000, " + metric + ", " + numbers, "gp", "`auto` chose `gp`: a Gaussian process makes most of 5000 trials"},
		{"method: auto, run_cap: 500, limits: {parallel: 50}, " + metric + ", " + numbers, "gp", "in trust regions with 50 in flight"},
		{"method: auto, run_cap: 5001, " + metric + ", " + numbers, "cma-es", "5001 trials are many for 2 numeric parameters"},
		{"method: auto, run_cap: 5001, " + metric + ", parameters: {a: {min: 0.0, max: 1.0}, b: {values: [x, y, z]}}",
			"tpe", "the values of `b` have no order"},
		{"method: auto, run_cap: 5001, " + metric + ", parameters: {a: {min: 0.0, max: 1.0}, " +
			"b: {min: 0.0, max: 1.0, when: a > 0.5}}", "tpe", "parameters depend on each other"},
		{"method: auto, run_cap: 500, limits: {parallel: 50}, " + metric + ", " + many(20), "cma-es", "20 numeric parameters are many"},
		{"method: auto, run_cap: 400, limits: {parallel: 50}, " + metric + ", " + many(20), "gp", "in trust regions with 50"},
		{"method: auto, run_cap: 500, " + metric + ", " + many(20), "gp", "makes most of 500 trials"},
		{"method: auto, run_cap: 100, " + metric + ", " + many(51), "tpe", "100 trials are few for 51 parameters"},
		{"method: bayes, run_cap: 100, " + metric + ", " + many(51), "tpe", "51 parameters are more than"},
		{"method: auto, run_cap: 30000, " + metric + ", " + many(501), "tpe", "30000 trials are more than"},
		{"method: auto, run_cap: 100, " + metric + ", " + many(2001), "random", "2001 parameters are more than a search learns of"},
		{"method: bayes, run_cap: 9, metric: {name: y, impute: latest}, " + numbers, "gp", "failed trials count as worse"},
		{"method: tpe, run_cap: 20, " + metric + ", parameters: {a: {min: 1, max: 10}}", "tpe", "about 10 of 20 trials repeat one"},
	} {
		s, err := Parse("", []byte("{program: x, "+c.spec+"}"))
		if err != nil {
			t.Errorf("%s: %v", c.spec, err)
			continue
		}
		said := c.warning == "" && len(s.Warnings) == 0 && s.Chosen == "" || c.warning != "" && strings.Contains(s.Chosen, c.warning)
		for _, w := range s.Warnings {
			said = said || c.warning != "" && strings.Contains(w.Problem, c.warning)
		}
		if s.Method != c.method || !said {
			t.Errorf("%s is %s (%s), with %v", c.spec, s.Method, s.Chosen, s.Warnings)
		}
	}
}

// A search that learns takes so many parameters as it is quick with; those of one value do not count.
func TestLearnersTakeSoManyParameters(t *testing.T) {
	for method, most := range map[string]int{"tpe": 2000, "gp": 1000, "cma-es": 500} {
		head := "{program: x, metric: {name: y}, run_cap: 9, method: " + method + ", "
		if _, err := Parse("", []byte(head+strings.Replace(many(most), "{", "{one: {value: 1}, same: {min: 2, max: 2}, ", 1)+"}")); err != nil {
			t.Error(err)
		}
		_, err := Parse("", []byte(head+many(most+1)+"}"))
		if want := fmt.Sprintf("`%s` searches at most %d parameters, and %d have more than one value", method, most, most+1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s: %v", want, err)
		}
	}
}

// many is so many numeric parameters.
func many(n int) string {
	text := "parameters: {"
	for i := range n {
		text += fmt.Sprintf("p%d: {min: 0.0, max: 1.0}, ", i)
	}
	return text + "}"
}
