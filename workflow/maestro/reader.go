package maestro

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// reader is one definition being read.
type reader struct {
	names    map[string]string // of steps here, by their ids there
	taken    map[string]bool
	scopes   map[string]*scope // of the parameters of steps, by their ids there
	steps    map[string]any
	lists    map[string]any  // parameters that are lists too long for an expression
	ended    map[*scope]bool // of steps that have ended where the expression stands that is being read
	triggers []any
	left     []string
	wrong    []string
}

func (r *reader) leave(field, format string, args ...any) {
	line := strings.TrimSuffix(field+": "+fmt.Sprintf(format, args...), ": ")
	if !slices.Contains(r.left, line) {
		r.left = append(r.left, line)
	}
}

func (r *reader) fail(field, format string, args ...any) {
	if line := field + ": " + fmt.Sprintf(format, args...); !slices.Contains(r.wrong, line) {
		r.wrong = append(r.wrong, line)
	}
}

// free is a name that nothing has.
func (r *reader) free(name string) string {
	for base, n := name, 2; r.taken[name]; n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	r.taken[name] = true
	return name
}

var duration = regexp.MustCompile(`^[0-9]+[smhd]$`)

// timeout carries one, as "2 hours" or a number of seconds.
func (r *reader) timeout(out map[string]any, field string, v any) {
	words := strings.Fields(strings.ToLower(text(v)))
	units := map[string]string{"second": "s", "minute": "m", "hour": "h", "day": "d", "min": "m", "sec": "s"}
	switch {
	case len(words) > 0 && strings.Trim(words[0], "0smhd") == "":
		r.leave(field, "`%.60s` is not carried: there is no timeout", text(v))
	case len(words) == 1 && strings.Trim(words[0], "0123456789") == "":
		out["timeout"] = words[0] + "s"
	case len(words) == 1 && duration.MatchString(words[0]):
		out["timeout"] = words[0]
	case len(words) == 2 && strings.Trim(words[0], "0123456789") == "" &&
		units[strings.TrimSuffix(words[1], "s")] != "":
		out["timeout"] = words[0] + units[strings.TrimSuffix(words[1], "s")]
	default:
		r.leave(field, "`%.60s` is not carried: there is no timeout", text(v))
	}
}

// unwrap is the kind of a step and the step: {"step": {…}}, {"foreach": {…}}.
func unwrap(item any) (kind string, step map[string]any) {
	m, _ := item.(map[string]any)
	for kind, v := range m {
		if step, ok := v.(map[string]any); ok && len(m) == 1 {
			return kind, step
		}
	}
	return "", m
}

func mapping(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	}
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}

// scope is where names of an expression are looked for. There a step sees its own parameters and those around it; here
// a parameter that is computed stands as what it is computed from.
type scope struct {
	params map[string]any
	// the step here whose outputs may be its parameters, once it has ended; "": it puts out nothing
	puts  string
	own   map[string]bool // names that are the same here: parameters of the workflow, items of a for-each
	outer *scope
	open  map[string]bool // that are being looked at, to find a cycle
}
