package workflow

import (
	"fmt"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

var keysOfStrategy = []string{"rule", "limit", "queue"}

// strategy reads run_strategy: a rule, or {rule: parallel, limit: 3, queue: 100}.
func (r *reading) strategy(t *sweep.Tree) Strategy {
	s := Strategy{Rule: Concurrent, Limit: defaultLimit, Queue: defaultQueue}
	if !present(t) {
		return s
	}
	rule, field := t, "run_strategy"
	if t.Mapping {
		r.Keys(t, field, keysOfStrategy)
		rule = t.Get("rule")
	}
	if present(rule) {
		place := field
		if t.Mapping {
			place += ".rule"
		}
		s.Rule = StrategyRule(r.Text(rule, place))
		if !slices.Contains(StrategyRules, s.Rule) {
			r.Fail(rule, place, fmt.Sprintf("there is no rule `%s`", clipped(string(s.Rule))),
				ruleRemedy(string(s.Rule)))
			return s
		}
	}
	if s.Rule != Concurrent {
		s.Limit = 1
	}
	if limit := t.Get("limit"); present(limit) {
		if s.Rule != Concurrent {
			r.Fail(limit, field+".limit", fmt.Sprintf("`%s` is one run at a time", s.Rule),
				"leave it out, or write rule: parallel")
		} else {
			s.Limit = int(r.Integer(limit, field+".limit", 1, mostAtOnce))
		}
	}
	if queue := t.Get("queue"); present(queue) {
		s.Queue = int(r.Integer(queue, field+".queue", 0, mostQueued))
	}
	return s
}

// ruleRemedy is what to write instead of what is no rule.
func ruleRemedy(text string) string {
	known := make([]string, len(StrategyRules))
	for i, rule := range StrategyRules {
		known[i] = string(rule)
	}
	switch text {
	case "last_only", "latest", "replace", "Replace":
		return "did you mean `latest_only`?"
	case "first", "forbid", "Forbid":
		return "did you mean `first_only`?"
	case "queue", "serial", "strict_sequential", "one":
		return "did you mean `sequential`?"
	}
	return sweep.DidYouMean(text, known)
}
