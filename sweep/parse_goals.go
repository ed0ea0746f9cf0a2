package sweep

import (
	"fmt"
	"slices"
)

// goals says what a search that learns does not learn: further goals, and bounds of metrics.
func (d *decoder) goals(root *node) {
	s := d.spec
	if !slices.Contains(learning, s.Method) {
		return
	}
	at := root.get("method")
	if len(s.Goals()) > 1 {
		d.warn(at, "method", fmt.Sprintf("`%s` learns from the first goal, `%s`, alone: the front is of what "+
			"it comes by",
			s.Method, short(s.Objective.Name)), "use `method: sobol` or `random` to spread trials over the whole front")
	}
	if s.Objective.Bounded() || slices.ContainsFunc(s.Metrics, Metric.Bounded) {
		d.warn(at, "method", fmt.Sprintf("`%s` does not learn the bounds of metrics: it may search where no trial "+
			"is feasible",
			s.Method), "keep the parameters' ranges, or `constraints` over them, where trials are feasible")
	}
}
