package sweep

import (
	"fmt"
	"slices"
)

// maxRepeat bounds the trials of one point.
const maxRepeat = 1000

const repeatExample = "`repeat: 3`, or `repeat: {trials: 3, rank: median}`"

// repeat reads how often each point runs.
func (d *decoder) repeat(n *node) {
	r := &d.spec.Repeat
	switch {
	case n == nil || n.null:
		return
	case n.kind == scalar:
		r.Trials = int(d.integer(n, "repeat", 1, maxRepeat))
	case n.kind == list:
		d.fail(n, "repeat", "a number is needed, not a list", "write "+repeatExample)
		return
	case !d.mapping(n, "repeat", "repeat"):
		return
	default:
		if at := n.get("trials"); at == nil {
			d.fail(n, "repeat.trials", "it is not said how often", "add `trials: 3`")
		} else {
			r.Trials = int(d.integer(at, "repeat.trials", 1, maxRepeat))
		}
		if at := n.get("rank"); at != nil && !at.null {
			if r.Rank = Rank(d.text(at, "repeat.rank")); !r.Rank.Valid() {
				d.fail(at, "repeat.rank", fmt.Sprintf("`%s` is not known here", short(string(r.Rank))),
					"write `mean`, `median`, or a quantile from `q0` to `q1` such as `q0.9`")
			}
		}
		if at := n.get("racing"); at != nil && !at.null {
			r.Racing = d.boolean(at, "repeat.racing", "remove it")
		}
	}
	if r.Trials <= 1 {
		*r = Repeat{}
		return
	}
	if r.Rank == "" {
		r.Rank = RankMean
	}
	d.racing(n.get("racing"))
	if d.spec.Objective.Target != nil {
		d.warn(n, "metric.target", "a single trial that reaches the target ends the sweep, whatever its point comes to",
			"")
	}
}

// repeatedTrials decides how many trials the sweep runs: run_cap bounds them all, and points run whole.
func (d *decoder) repeatedTrials(root *node, limit int) {
	s := d.spec
	each := s.Repeat.Trials
	if each <= 1 {
		d.trials(root, limit)
		return
	}
	at := root.get("run_cap")
	if limit > 0 && limit < each {
		d.fail(at, "run_cap", fmt.Sprintf("%d trials are fewer than the %d of one point", limit, each),
			fmt.Sprintf("write `run_cap: %d` or more", each))
		return
	}
	d.trials(root, limit/each)
	if s.Capped {
		s.Trials = max(endless/each, 1)
	}
	if s.Trials > MaxTrials/each {
		d.fail(root.get("repeat"), "repeat", fmt.Sprintf("%d points, %d times, are more than the %d trials of a sweep",
			s.Trials, each, MaxTrials), fmt.Sprintf("add `run_cap: %d`", MaxTrials))
		return
	}
	s.Trials *= each
	if limit > s.Trials && limit-s.Trials < each {
		d.warn(at, "run_cap", fmt.Sprintf("%d trials run: %d points, each %d times", s.Trials, s.Points(), each), "")
	}
}

// racing checks that a race can tell who is behind: it compares means of one metric.
func (d *decoder) racing(n *node) {
	if !d.spec.Repeat.Racing {
		return
	}
	bounded := func(m Metric) bool { return m.Min != nil || m.Max != nil }
	switch s := d.spec; {
	case s.Objective.Name == "":
		d.fail(n, "repeat.racing", "a race needs a metric to tell who is behind",
			"add `metric: {name: loss, goal: minimize}`, or remove it")
	case s.Repeat.Rank != RankMean && s.Repeat.Rank != RankMedian:
		d.fail(n, "repeat.racing", fmt.Sprintf("a race compares means, which say little of `rank: %s`",
			short(string(s.Repeat.Rank))),
			"write `rank: mean` or `rank: median`, or remove it")
	case len(s.Goals()) > 1 || bounded(s.Objective) || slices.ContainsFunc(s.Metrics, bounded):
		d.fail(n, "repeat.racing", "a race compares one metric, and here others have goals or bounds too",
			"remove it, or those")
	}
}
