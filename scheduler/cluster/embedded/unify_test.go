package embedded_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// split takes an OFFERS event apart, one event an offer: how many travel in one event is a matter of timing.
func split(e map[string]any) []map[string]any {
	if e["type"] != "OFFERS" {
		return []map[string]any{e}
	}
	var out []map[string]any
	for _, o := range e["offers"].(map[string]any)["offers"].([]any) {
		out = append(out, map[string]any{"type": "OFFERS", "offers": map[string]any{"offers": []any{o}}})
	}
	return out
}

func lane(e map[string]any) string {
	at := func(path ...string) string {
		var v any = e
		for _, p := range path {
			switch x := v.(type) {
			case map[string]any:
				v = x[p]
			case []any:
				n, _ := strconv.Atoi(p)
				v = x[n]
			}
		}
		s, _ := v.(string)
		return s
	}
	switch e["type"] {
	case "UPDATE":
		return "update " + at("update", "status", "task_id", "value")
	case "OFFERS":
		return "offer " + at("offers", "offers", "0", "hostname")
	case "ACKNOWLEDGED":
		return "acknowledged " + at("acknowledged", "task_id", "value")
	}
	return fmt.Sprint(e["type"])
}

// loose are the fields whose values cannot be the same twice; they must be there, of the same kind.
var loose = map[string]bool{
	"timestamp": true, "executor_pid": true, "port": true, "pid": true, "nanoseconds": true,
	"version": false, "ip": false,
}

// named are the fields that hold ids: an id stands for one of ours, the same throughout.
var named = regexp.MustCompile(`(agent_id|framework_id|offer_id|container_id|\bid)\.value$|master_info\.id$|\.uuid$|command\.value$`)

// shapes of ids that must be alike.
var shapes = []*regexp.Regexp{
	regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`),
	regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f-]{27}-S\d+$`),
	regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f-]{27}-O\d+$`),
	regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f-]{27}-\d{4}$`),
	regexp.MustCompile(`^[0-9A-Za-z+/]{22}==$`),
}

// unify compares a recorded value with ours and learns which id of ours stands for a recorded one. It says
// what differs; empty: nothing.
func (r *replay) unify(path string, want, got any, ids map[string]string) string {
	key := path[strings.LastIndexByte(path, '.')+1:]
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: want an object, got %v", path, got)
		}
		for _, k := range slices.Sorted(maps.Keys(g)) {
			if _, ok := w[k]; !ok {
				return fmt.Sprintf("%s: field %s is not recorded", path, k)
			}
		}
		for _, k := range slices.Sorted(maps.Keys(w)) {
			v, ok := g[k]
			if !ok {
				return fmt.Sprintf("%s: field %s is missing", path, k)
			}
			if err := r.unify(path+"."+k, w[k], v, ids); err != "" {
				return err
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: want %v, got %v", path, w, got)
		}
		for i := range w {
			if err := r.unify(path, w[i], g[i], ids); err != "" {
				return err
			}
		}
		return ""
	case string:
		g, ok := got.(string)
		if ok && key == "data" && len(w) > 0 && sameInspection(w, g) {
			return ""
		}
		if ok && strings.HasPrefix(w, "Failed to launch container: Failed to run 'docker ") &&
			strings.HasPrefix(g, "Failed to launch container: pull ") {
			return ""
		}
		if ok && (loose[key] || r.same(path, w, g, ids)) {
			return ""
		}
	case float64:
		g, ok := got.(float64)
		if key == "heartbeat_interval_seconds" {
			w /= float64(r.scale)
		}
		if ok && (loose[key] || w == g) {
			return ""
		}
	default:
		if want == got {
			return ""
		}
	}
	return fmt.Sprintf("%s: want %v, got %v", path, want, got)
}

func (r *replay) same(path, want, got string, ids map[string]string) bool {
	if mapped, ok := ids[want]; ok {
		return mapped == got
	}
	if named.MatchString(path) {
		for _, s := range shapes {
			if s.MatchString(want) != s.MatchString(got) {
				return false
			}
		}
		if want != got {
			for _, taken := range ids {
				if taken == got {
					return false
				}
			}
		}
		ids[want] = got
		return true
	}
	return translate(want, ids) == got
}

// translate puts our ids in the place of recorded ones, longest first.
func translate(text string, ids map[string]string) string {
	keys := slices.SortedFunc(maps.Keys(ids), func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, k := range keys {
		if len(k) > 7 {
			pairs = append(pairs, k, ids[k])
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
