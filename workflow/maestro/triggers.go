package maestro

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are the same on machines that have none

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/schedule"
)

// rules are the run strategies by their names there.
var rules = map[string]workflow.StrategyRule{
	"sequential": workflow.Sequential, "strict_sequential": workflow.Sequential, "serial": workflow.Sequential,
	"parallel": workflow.Concurrent, "first_only": workflow.FirstOnly,
	"last_only": workflow.LatestOnly, "serial_latest_only": workflow.LatestOnly,
}

// strategy carries a rule, or {"rule": …, "workflow_concurrency": …}.
func (r *reader) strategy(out map[string]any, v any) {
	const field = "run_strategy"
	rule := strings.ToLower(text(v))
	m, isMapping := v.(map[string]any)
	if isMapping {
		rule = strings.ToLower(text(m["rule"]))
	}
	here, known := rules[rule]
	if !known {
		r.leave(field, "there is no `%.60s` here: runs are at work side by side, 16 at most", rule)
		return
	}
	carried := map[string]any{"rule": here}
	if n, ok := m["workflow_concurrency"].(json.Number); ok && here == workflow.Concurrent {
		if limit, err := n.Int64(); err == nil && limit > 0 && limit <= 1000 {
			carried["limit"] = n
		} else {
			r.leave(field+".workflow_concurrency", "%s runs at once are not carried", n)
		}
	}
	if rule == "strict_sequential" {
		r.leave(field, "strict_sequential: it is `sequential`, and a run that has failed does not hold up the next")
	}
	out[field] = carried
}

// timeTriggers carries {"type": "CRON", "cron": …, "timezone": …} and {"type": "PREDEFINED", "expression": …}.
func (r *reader) timeTriggers(v any) {
	list, ok := v.([]any)
	if !ok {
		r.leave("time_triggers", "they are no list")
	}
	for i, item := range list {
		field := fmt.Sprintf("time_triggers.%d", i)
		m := mapping(item)
		expression := text(m["cron"])
		if expression == "" {
			expression = text(m["expression"])
		}
		name := text(m["timezone"])
		if name == "" {
			name = "UTC"
		}
		zone, err := time.LoadLocation(name)
		if err != nil || strings.EqualFold(name, "local") {
			r.leave(field, "there is no time zone `%.60s`: it begins no runs", name)
			continue
		}
		expression = unixCron(expression)
		if _, err := schedule.Parse(expression, zone); err != nil {
			r.leave(field, "`%.60s`: %v: it begins no runs", expression, err)
			continue
		}
		r.triggers = append(r.triggers, map[string]any{"cron": expression, "zone": name})
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !slices.Contains([]string{"type", "cron", "expression", "timezone"}, key) {
				r.leave(field+"."+key, "")
			}
		}
	}
}

var digits = regexp.MustCompile(`[0-9]+`)

// unixCron is an expression of five fields for one as Quartz has them, with seconds before and years behind, where
// those are 0 and all. Others stay as they are.
func unixCron(text string) string {
	words := strings.Fields(text)
	if len(words) == 7 && words[6] == "*" {
		words = words[:6]
	}
	if len(words) != 6 || words[0] != "0" {
		return text
	}
	words = words[1:]
	for i, word := range words {
		if word == "?" {
			words[i] = "*"
		}
	}
	days, step, stepped := strings.Cut(words[4], "/")
	words[4] = digits.ReplaceAllStringFunc(days, func(day string) string { // 1 is Sunday there
		if len(day) == 1 && day[0] >= '1' && day[0] <= '7' {
			return string(day[0] - 1)
		}
		return "Sunday-is-1" // which is refused
	})
	if stepped {
		words[4] += "/" + step
	}
	return strings.Join(words, " ")
}

// signalTriggers carries those of one signal, whatever comes with it.
func (r *reader) signalTriggers(v any) {
	list, ok := v.([]any)
	if !ok {
		r.leave("signal_triggers", "they are no list")
	}
	for i, item := range list {
		field := fmt.Sprintf("signal_triggers.%d", i)
		m := mapping(item)
		definitions := mapping(m["definitions"])
		names := slices.Sorted(maps.Keys(definitions))
		switch {
		case len(names) > 1:
			r.leave(field, "it begins no runs, for it waits for %d signals together: %.200s", len(names),
				strings.Join(names, ", "))
			continue
		case len(names) == 0:
			r.leave(field, "it names no signal, and begins no runs")
			continue
		case len(mapping(mapping(definitions[names[0]])["match_params"])) > 0 || text(m["condition"]) != "":
			r.leave(field, "it begins no runs, for not every signal `%.60s` would, and what comes with it is not read",
				names[0])
			continue
		}
		r.triggers = append(r.triggers, map[string]any{"signal": r.signal(field, names[0])})
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if key != "definitions" {
				r.leave(field+"."+key, "")
			}
		}
	}
}

// signal is the name here of a signal.
func (r *reader) signal(field, name string) string {
	here := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' {
			return c
		}
		return '_'
	}, name)
	if here == "" || here[0] == '_' || here[0] >= '0' && here[0] <= '9' {
		here = "s" + here
	}
	here = here[:min(len(here), 60)]
	if here != name {
		r.leave(field, "the signal `%.100s` is named `%s` here", name, here)
	}
	return here
}

// signals carries what a step waits for: a step before it for each signal, whatever comes with that. It is to be sent
// to the run.
func (r *reader) signals(field string, step map[string]any) (waits []*workflow.Node) {
	v := step["signal_dependencies"]
	list, ok := v.([]any)
	if !ok {
		list, ok = mapping(v)["definitions"].([]any)
	}
	field += ".signal_dependencies"
	if v != nil && !ok {
		r.fail(field, "they are no list")
	}
	for _, item := range list {
		name, isText := mapping(item)["name"].(string)
		if !isText || name == "" {
			r.fail(field, "the name of a signal is missing")
			continue
		}
		as := r.free(r.names[text(step["id"])] + "_signal")
		here := r.signal(field, name)
		r.steps[as] = map[string]any{"type": "wait", "signal": here}
		waits = append(waits, &workflow.Node{Name: as})
		r.leave(field, "any signal `%s` that is sent to the run will do: kaon workflow signal RUN %s", here, here)
	}
	return waits
}
