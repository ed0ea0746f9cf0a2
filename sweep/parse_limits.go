package sweep

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// defaultFirstFailures is enough that chance does not do it: with one trial in two failing, it would once in
// a thousand sweeps.
const defaultFirstFailures = 10

// limits reads the bounds of the whole sweep.
func (d *decoder) limits(n *node) {
	l := &d.spec.Limits
	l.FirstFailures = defaultFirstFailures
	if n == nil || n.null || !d.mapping(n, "limits", "limits") {
		return
	}
	if p := n.get("parallel"); p != nil {
		l.Parallel = int(d.integer(p, "limits.parallel", 1, MaxTrials))
	}
	if f := n.get("failed"); f != nil {
		d.failed(f)
	}
	if f := n.get("first_failures"); f != nil {
		l.FirstFailures = int(d.integer(f, "limits.first_failures", 0, MaxTrials))
	}
	l.Wall = d.duration(n.get("wall"), "limits.wall")
	l.Queue = d.duration(n.get("queue"), "limits.queue")
	d.budgets(n)
}

// failed is a number of trials, or a share of all such as 5%.
func (d *decoder) failed(n *node) {
	share, isShare := strings.CutSuffix(n.text, "%")
	if f, err := strconv.ParseFloat(n.text, 64); n.kind == scalar && err == nil && f > 0 && f < 1 {
		d.fail(n, "limits.failed", "a share has a percent sign, and a number of trials is whole",
			fmt.Sprintf("write `%s%%`", strconv.FormatFloat(math.Round(f*1e6)/1e4, 'f', -1, 64)))
		return
	}
	if f, err := strconv.ParseFloat(n.text, 64); n.kind == scalar && err == nil && f != math.Trunc(f) &&
		f > 0 && f <= 100 {
		d.fail(n, "limits.failed", "a number of trials is whole, and a share has a percent sign",
			fmt.Sprintf("write `%s%%`, or `%d`", n.text, int(f)))
		return
	}
	if share = strings.TrimSpace(share); n.kind != scalar || !isShare {
		d.spec.Limits.Failed = int(d.integer(n, "limits.failed", 1, MaxTrials))
		return
	}
	x, err := strconv.ParseFloat(share, 64)
	if err != nil || !(x > 0 && x <= 100) {
		d.fail(n, "limits.failed", "a share is above 0% and at most 100%, not "+n.what(),
			"write 5%, or a number of trials")
		return
	}
	d.spec.Limits.FailedShare = x / 100
}

// budgets reads what the trials may use up, of which steps are counted by what they report.
func (d *decoder) budgets(n *node) {
	l := &d.spec.Limits
	l.Steps = d.count(n, "limits", "steps", 0)
	if t := n.get("trial"); t != nil && !t.null && d.mapping(t, "limits.trial", "limits.trial") {
		l.TrialSteps = d.count(t, "limits.trial", "steps", 0)
		l.TrialTime = d.duration(t.get("time"), "limits.trial.time")
	}
	if d.spec.Objective.Name == "" && l.Steps+l.TrialSteps > 0 {
		d.fail(n, "limits", "steps are counted by what trials report of the metric, and the spec names none",
			"add `metric: {name: loss}` with the name that trials report")
	}
}
