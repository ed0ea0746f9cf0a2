package stop

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// Decision says that a trial is to be ended, and why.
type Decision = sweep.StopDecision

// number writes a value as people read it.
func number(v sweep.Float) string { return strconv.FormatFloat(float64(v), 'g', 6, 64) }

// say completes a decision with its sentence.
func say(objective sweep.Metric, d Decision) Decision {
	name := objective.Name
	worse := "above"
	if objective.Goal == sweep.Maximize {
		worse = "below"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", d.Rule)
	switch d.Rule {
	case sweep.ASHA, sweep.Hyperband:
		fmt.Fprintf(&b, "rung %d", d.Rung)
		if d.Bracket > 0 {
			fmt.Fprintf(&b, " of bracket %d", d.Bracket)
		}
		fmt.Fprintf(&b, " (step %d): %s %s is %s %s, the bound of %d trials", d.Step, name, number(d.Value), worse,
			number(d.Bound), d.Of)
	case sweep.Median:
		fmt.Fprintf(&b, "step %d: the best %s %s is %s %s, the median of the means of %d others", d.Step,
			name, number(d.Value), worse, number(d.Bound), d.Of-1)
	case sweep.Threshold:
		fmt.Fprintf(&b, "step %d: %s %s is beyond %s", d.Step, name, number(d.Value), number(d.Bound))
	case sweep.Plateau:
		fmt.Fprintf(&b, "step %d: %s is no better than %s since step %s", d.Step, name, number(d.Value),
			number(d.Bound))
	case sweep.Budget:
		fmt.Fprintf(&b, "step %d: it has made its %s steps (limits.trial.steps)", d.Step, number(d.Bound))
	}
	d.Reason = b.String()
	return d
}
