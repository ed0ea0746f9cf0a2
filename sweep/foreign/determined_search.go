package foreign

import (
	"fmt"
	"strconv"
)

// determinedSearch is what the searcher says of the rest.
type determinedSearch struct{ method string }

// determinedHalving are Determined's searchers that end losers early, of all its versions.
var determinedHalving = map[string]bool{
	"adaptive_asha": true, "async_halving": true, "sync_halving": true, "adaptive": true, "adaptive_simple": true,
	"asha": true,
}

// determinedSearcher writes `method`, `run_cap`, `metric`, `early_terminate` and limits.
func determinedSearcher(r *reading, top *object) (s determinedSearch) {
	o := top.object("searcher")
	name := o.get("name")
	s.method = "random"
	trials, atTrials := o.whole("max_trials")
	switch {
	case name == nil:
		r.refuse(o.nearest(), "searcher.name", "the experiment names no searcher")
		return s
	case name.Text == "grid":
		s.method = "grid"
	case name.Text == "single":
		trials, atTrials = 1, name
	case name.Text == "random":
	case determinedHalving[name.Text]:
		r.head.note("", "`%s`: the losers of a random search are ended early, see early_terminate", name.Text)
	default:
		r.leave(name, "searcher.name", fmt.Sprintf("kaon has no `%s`", clipped(name.Text)), "searched at random")
	}
	r.head.put(name, "method: %s", s.method)
	switch {
	case atTrials != nil && s.method != "grid":
		r.tail.put(atTrials, "run_cap: %d", max(trials, 1))
	case s.method != "grid" && (name.Text == "random" || determinedHalving[name.Text]):
		r.refuse(name, "searcher.max_trials", "the experiment does not say how many trials there are")
	}
	determinedMetric(r, o)
	unit, length := determinedLength(r, o)
	if determinedHalving[name.Text] {
		determinedRungs(r, o, unit, length)
	}
	if n, at := o.whole("max_concurrent_trials"); at != nil && n > 0 {
		r.tail.put(at, "limits: {parallel: %d}", n)
	} else {
		const usual = 16
		r.tail.note("", "Determined's default")
		r.tail.put(nil, "limits: {parallel: %d}", usual)
	}
	o.idle("stop_once", "budget", "train_stragglers", "num_rungs", "target_trial_steps", "step_budget", "unit")
	for _, key := range []string{"source_trial_id", "source_checkpoint_uuid"} {
		if v := o.get(key); v != nil {
			r.leave(v, o.at(key), "checkpoints of Determined's are not carried", "trials begin anew")
		}
	}
	o.rest("it is not carried")
	return s
}

// determinedMetric writes `metric`.
func determinedMetric(r *reading, o *object) {
	metric := o.get("metric")
	if metric == nil {
		r.refuse(o.nearest(), "searcher.metric", "the experiment names no metric")
		return
	}
	goal := "minimize"
	if smaller, at := o.boolean("smaller_is_better"); at != nil && !smaller {
		goal = "maximize"
	}
	reduce := map[string]string{"minimize": "min", "maximize": "max"}[goal]
	r.head.note("", "the best validation counts, as in Determined; the program prints it, as `%s=0.5` or as JSON",
		clipped(metric.Text))
	r.head.put(metric, "metric: {name: %s, goal: %s, reduce: %s}", quote(metric.Text), goal, reduce)
}

// determinedLength is how long a trial trains, if the experiment says so.
func determinedLength(r *reading, o *object) (unit string, length int) {
	for _, key := range []string{"max_length", "max_time", "max_steps"} {
		at := o.get(key)
		switch {
		case at == nil:
			continue
		case at.Mapping && len(at.Pairs) == 1:
			unit = at.Pairs[0].Key.Text
			length, _ = strconv.Atoi(at.Pairs[0].Value.Text)
		default:
			unit = "units"
			length, _ = strconv.Atoi(at.Text)
		}
		r.idle = append(r.idle, fmt.Sprintf("searcher.%s (line %d), which the program must know", key, at.Line))
	}
	if v := o.get("time_metric"); v != nil {
		unit = v.Text
	}
	return unit, length
}

// determinedRungs writes `early_terminate`.
func determinedRungs(r *reading, o *object, unit string, length int) {
	const usualDivisor, usualRungs = 4, 5
	divisor, rungs, brackets := usualDivisor, usualRungs, 1
	if v, at := o.float("divisor"); at != nil {
		if v < 2 || v != float64(int(v)) {
			r.leave(at, "searcher.divisor", "a divisor is a whole number of at least 2 here", "it is 4")
		} else {
			divisor = int(v)
		}
	}
	if n, at := o.whole("max_rungs"); at != nil && n > 0 {
		rungs = n
	}
	mode := o.get("mode")
	name := "standard"
	if mode != nil {
		name = mode.Text
	}
	switch name {
	case "aggressive":
	case "standard":
		brackets = (rungs + 1) / 2
	case "conservative":
		brackets = rungs
	default:
		r.leave(mode, "searcher.mode", fmt.Sprintf("Determined has no mode `%s`", clipped(name)), "it is standard")
		brackets = (rungs + 1) / 2
	}
	if items := o.list("bracket_rungs"); len(items) > 0 {
		brackets = len(items)
	}
	const most = 10
	bounded := min(max(brackets, 1), most)
	at := o.get("name")
	if unit == "epochs" && length > 0 {
		first := length
		for i := 1; i < rungs && first >= divisor; i++ {
			first /= divisor
		}
		if first = max(first, 1); first >= length {
			r.tail.note("", "no early_terminate: there is no rung before the end of %s", inUnits(unit, length))
			return
		}
		r.tail.note("", "rungs as Determined has them, when the program reports once an epoch")
		r.tail.put(at, "early_terminate: {type: asha, eta: %d, brackets: %d, min_iter: %d, max_iter: %d}", divisor,
			bounded, first, length)
		return
	}
	r.tail.note("", "Determined's rungs are parts of searcher.max_length %s; here reports of the metric "+
		"are counted: min_iter is the first rung", inUnits(unit, length))
	r.tail.put(at, "early_terminate: {type: asha, eta: %d, brackets: %d, min_iter: 1}", divisor, bounded)
}

func inUnits(unit string, length int) string {
	if length == 0 {
		return ""
	}
	return fmt.Sprintf("(%d %s)", length, clipped(unit))
}
