package sweep

import (
	"fmt"
	"slices"
	"strings"
)

// stopRules are the words of early_terminate.type, with other tools' names for the same.
var stopRules = map[string]StopRule{
	"asha": ASHA, "hyperband": Hyperband, "median": Median, "plateau": Plateau, "threshold": Threshold,
	"medianstop": Median, "median_stopping": Median, "successive_halving": ASHA, "sha": ASHA, "patient": Plateau,
}

// stopTypes are the words that an error names.
var stopTypes = []string{"asha", "hyperband", "median", "plateau", "threshold", "none"}

// stopKeys lists what each rule may have besides `type`.
var stopKeys = map[StopRule][]string{
	ASHA:      {"min_iter", "max_iter", "eta", "brackets"},
	Hyperband: {"min_iter", "max_iter", "s", "eta", "strict", "brackets"},
	Median:    {"min_iter", "start_step", "min_trials", "min_trials_required", "interval"},
	Plateau:   {"min_iter", "patience", "min_delta"},
	Threshold: {"min_iter", "lower", "upper"},
}

// otherStopKeys are the words of Ray's schedulers and Optuna's pruners for keys of rules: of those that a rule has, the
// first is meant.
var otherStopKeys = map[string][]string{
	"grace_period": {"min_iter"}, "min_resource": {"min_iter"}, "min_budget": {"min_iter"},
	"n_warmup_steps": {"start_step", "min_iter"}, "reduction_factor": {"eta"},
	"max_t": {"max_iter"}, "max_resource": {"max_iter"}, "max_budget": {"max_iter"},
	"min_samples_required": {"min_trials"}, "n_startup_trials": {"min_trials"}, "n_min_trials": {"min_trials"},
	"interval_steps": {"interval"},
}

// earlyStop reads `early_terminate`: one rule, or a list of them.
func (d *decoder) earlyStop(n *node) {
	if n == nil || n.null {
		return
	}
	for field, item := range n.oneOrMore("early_terminate") {
		d.stopRule(item, field)
	}
}

func (d *decoder) stopRule(n *node, field string) {
	if n.kind != mapping {
		d.fail(n, field, "a mapping is needed, not "+n.what(), "write `early_terminate: {type: asha, min_iter: 1}`")
		return
	}
	typ := n.get("type")
	if typ == nil {
		d.fail(n, field+".type", "it does not say which rule", "add `type: asha`, or one of "+quoted(stopTypes))
		return
	}
	if typ.kind == scalar && (typ.text == "none" || typ.null) {
		return
	}
	rule, known := stopRules[typ.text]
	if typ.kind != scalar || !known {
		d.word(typ, field+".type", stopTypes)
		return
	}
	if !d.stopKeysOf(n, field, rule) {
		return
	}
	if d.spec.Objective.Name == "" {
		d.fail(n, field, "early stopping compares what trials report of the metric, and the spec names none",
			"add `metric: {name: loss, goal: minimize}` with the name that trials report")
		return
	}
	e := EarlyStop{Rule: rule, Start: d.count(n, field, "min_iter", 1)}
	switch rule {
	case ASHA, Hyperband:
		d.halving(n, field, &e)
	case Median:
		e.Start = d.count(n, field, "start_step", e.Start)
		e.Interval = d.count(n, field, "interval", 1)
		e.MinTrials = int(d.count(n, field, "min_trials", d.count(n, field, "min_trials_required", defaultMinTrials)))
	case Plateau:
		e.Patience = d.count(n, field, "patience", defaultPatience)
		if v := d.optional(n, field, "min_delta"); v != nil && *v < 0 {
			d.fail(n.get("min_delta"), field+".min_delta", "a gain is not negative", "write `min_delta: 0`")
		} else if v != nil {
			e.MinDelta = *v
		}
	case Threshold:
		d.threshold(n, field, &e)
	}
	d.spec.Early = append(d.spec.Early, e)
}

// Defaults: three trials are the fewest whose median is not one of the extremes, and Katib's default; ten reports
// without a gain are a judgement: curves of noisy trainings stand still for a few.
const (
	defaultMinTrials = 3
	defaultPatience  = 10
	defaultEta       = 3 // W&B's
	ashaEta          = 4 // the paper's (Li et al. 2020, arXiv 1810.05934)
)

// stopKeysOf refuses keys that a rule does not have.
func (d *decoder) stopKeysOf(n *node, field string, rule StopRule) bool {
	ok := true
	allowed := append([]string{"type"}, stopKeys[rule]...)
	for _, p := range n.pairs {
		if slices.Contains(allowed, p.key.text) {
			continue
		}
		ok = false
		remedy := didYouMean(p.key.text, allowed)
		for _, ours := range otherStopKeys[strings.ToLower(p.key.text)] {
			if slices.Contains(allowed, ours) {
				remedy = "write `" + ours + "`"
				break
			}
		}
		for other, theirs := range stopKeys {
			if slices.Contains(theirs, p.key.text) && other != rule {
				remedy = fmt.Sprintf("remove it: it is a key of `type: %s`; `%s` has %s", firstWith(p.key.text), rule,
					quoted(allowed))
			}
		}
		d.fail(p.key, join(field, p.key.text), fmt.Sprintf("unknown key `%s` of the rule `%s`", short(p.key.text),
			rule), remedy)
	}
	return ok
}

// firstWith is the first rule that has a key.
func firstWith(key string) string {
	for _, word := range stopTypes {
		if slices.Contains(stopKeys[StopRule(word)], key) {
			return word
		}
	}
	return ""
}

// halving reads the rungs of `asha` and `hyperband`.
func (d *decoder) halving(n *node, field string, e *EarlyStop) {
	e.Eta, e.Strict = defaultEta, e.Rule == Hyperband
	if e.Rule == ASHA {
		e.Eta = ashaEta
	}
	if v := d.optional(n, field, "eta"); v != nil {
		e.Eta = *v
	}
	if !(e.Eta > 1) || e.Eta > 1000 {
		d.fail(n.get("eta"), field+".eta", "eta is above 1: one in eta trials goes on", "write `eta: 3`")
		return
	}
	if s := n.get("strict"); s != nil && !s.null {
		e.Strict = d.boolean(s, field+".strict", "leave it out: it is true unless the spec says otherwise")
	}
	last := d.count(n, field, "max_iter", 0)
	if last > 0 && e.Start >= last && n.get("min_iter") != nil {
		d.fail(n.get("min_iter"), field+".min_iter",
			fmt.Sprintf("trials would first be compared at step %d, and %d is the last", e.Start, last),
			"write a `min_iter` below `max_iter`")
		return
	}
	e.Last = last
	switch s := n.get("s"); {
	case e.Rule == Hyperband && last == 0 && n.get("min_iter") == nil:
		d.fail(n, field, "hyperband needs `min_iter`, the first step at which trials are compared, or "+
			"`max_iter`, the last",
			"add `min_iter: 3`, or `max_iter: 27`")
		return
	case s != nil && !s.null && last > 0:
		e.Rungs = [][]int64{dividedRungs(float64(last), e.Eta, int(d.integer(s, field+".s", 1, 1000)))}
	case e.Rule == Hyperband && last == 0:
		if s != nil && !s.null {
			d.warn(s, field+".s", "`s` counts for nothing without `max_iter`, as in W&B",
				"remove it, or add `max_iter: 27`")
		}
		e.Rungs = [][]int64{geometricRungs(float64(e.Start), e.Eta, 0)}
	default:
		e.Rungs = [][]int64{geometricRungs(float64(e.Start), e.Eta, last)}
	}
	if len(e.Rungs[0]) == 0 {
		d.fail(n, field, "there is no step at which trials would be compared", "raise `max_iter`, or lower `eta`")
		return
	}
	d.brackets(n, field, e, last)
}

// brackets makes the rule one of the paper's Hyperband: each bracket begins a rung later than the one before.
// `hyperband` with max_iter and no `s`, which W&B refuses, has as many as fit.
func (d *decoder) brackets(n *node, field string, e *EarlyStop, last int64) {
	b := n.get("brackets")
	many := d.count(n, field, "brackets", 1)
	if e.Rule == Hyperband && last > 0 && n.get("s") == nil && b == nil {
		many = int64(len(e.Rungs[0])) + 1
	}
	if b == nil && many == 1 {
		return
	}
	if most := int64(len(e.Rungs[0])) + 1; many > most {
		d.fail(b, field+".brackets", fmt.Sprintf("there are %d rungs, and so at most %d brackets", most-1, most),
			fmt.Sprintf("write `brackets: %d`", most))
		return
	}
	e.Rule, e.Strict = ASHA, false
	for i := int64(1); i < many; i++ {
		e.Rungs = append(e.Rungs, e.Rungs[0][i:])
	}
}

func (d *decoder) threshold(n *node, field string, e *EarlyStop) {
	e.Lower, e.Upper = d.optional(n, field, "lower"), d.optional(n, field, "upper")
	switch {
	case e.Lower == nil && e.Upper == nil:
		d.fail(n, field, "a threshold has a `lower` or an `upper` bound",
			"add `upper: 10`: a trial that reports more is stopped")
	case e.Lower != nil && e.Upper != nil && *e.Lower >= *e.Upper:
		d.fail(n.get("lower"), field+".lower", "the lower bound is not below the upper one", "exchange them")
	}
}
