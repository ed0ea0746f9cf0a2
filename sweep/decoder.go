package sweep

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// decoder turns nodes into a Spec and collects every problem on the way. Its readers return a zero value
// after reporting, so that one mistake does not hide the next.
type decoder struct {
	file     string
	lines    []string
	root     *node // nil: the text is no spec
	problems Errors
	warnings []*Error
	options  options
	spec     *Spec
	// for specs that follow, and to try remedies
	decodeText func(file string, src []byte, with options) *decoder
	// empty values that were reported, with what was meant to be in them
	emptied map[*node]bool
	// keys of the top level that were found elsewhere
	misplaced map[string]bool
	zips      map[string]bool // parameters that `zip` names
	ends      bool            // with a panic, enough, once it is full
	// trials run in an image: ${entrypoint} is there
	inImage bool
}

func (d *decoder) problem(n *node, field, problem, remedy string) *Error {
	e := &Error{Field: short(field), Problem: printable(problem), Remedy: remedy}
	origin := ""
	if n != nil {
		e.Line, e.Column, origin = n.line, n.column, n.origin
		if n.kind == scalar {
			e.Value = short(n.text)
		}
	}
	return place(e, d.file, origin, d.lines)
}

// enough is panicked with once there are as many problems as are told: what is found of further ones, and what
// they may have meant, nobody would see.
type enough struct{}

// fail reports a problem of the value n at a path of keys.
func (d *decoder) fail(n *node, field, problem, remedy string) {
	if !d.full() {
		d.problems = append(d.problems, d.problem(n, field, problem, remedy))
	}
	if d.full() && d.ends {
		panic(enough{})
	}
}

// full says whether no more problems are told.
func (d *decoder) full() bool { return len(d.problems) >= maxErrors }

func (d *decoder) warn(n *node, field, problem, remedy string) {
	if len(d.warnings) < maxErrors {
		d.warnings = append(d.warnings, d.problem(n, field, problem, remedy))
	}
}

// notBuilt reports what the table of unbuilt features lists, and says whether it did.
func (d *decoder) notBuilt(n *node, field, what string) bool {
	remedy, listed := unbuilt[what]
	if listed {
		d.fail(n, field, fmt.Sprintf("`%s` is not built yet", what), remedy)
	}
	return listed
}

// mapping checks that n is a mapping with known keys of a section, and refuses those not built.
func (d *decoder) mapping(n *node, field, section string) bool {
	if n.kind != mapping {
		d.fail(n, field, fmt.Sprintf("a mapping is needed, not %s", n.what()),
			"keys here: "+quoted(keys[section]))
		return false
	}
	lost := d.checkIndent(n, field, func(p pair) bool { return !holds(section, p.key.text) })
	for _, p := range n.pairs {
		name := p.key.text
		if !holds(section, name) && !lost[p.key] {
			if section == "metric" &&
				slices.Contains([]string{"parameters", "method", "program", "command", "run_cap"}, name) {
				if d.misplaced == nil {
					d.misplaced = map[string]bool{}
				}
				d.misplaced[name] = true
			}
			d.fail(p.key, join(field, name), fmt.Sprintf("unknown key `%s`", short(name)),
				unknownKey(section, name))
		}
	}
	return true
}

// holds tells what a section may hold: its keys, and resources that have names of their own.
func holds(section, name string) bool {
	return slices.Contains(keys[section], name) || section == "task.resources" && resource.Extended(name)
}

func join(field, key string) string {
	if field == "" {
		return key
	}
	return field + "." + key
}

// scalar is the value of a node that must not be a list or mapping.
func (d *decoder) scalar(n *node, field, need string) (Value, bool) {
	if n.kind != scalar {
		d.fail(n, field, fmt.Sprintf("%s is needed, not %s", need, n.what()), "write one value")
		return nil, false
	}
	v, err := scalarValue(n)
	if err != nil {
		d.fail(n, field, err.Error(), scalarRemedy(err))
		return nil, false
	}
	return v, true
}

func scalarRemedy(err error) string {
	switch err {
	case errLeadingZero:
		return "drop the zero, or put it in quotes to mean text"
	case errNUL:
		return "remove it"
	case errTag:
		return "remove the tag, or write a value of its type"
	case errOverflow:
		return "write a number up to 1.7e308, or put it in quotes to mean text"
	case errTooLarge:
		return "put it in quotes to mean text, or add .0 to mean a float"
	}
	return "put it in quotes to mean text"
}

// text is a string; numbers and booleans are taken as they are written.
func (d *decoder) text(n *node, field string) string {
	if n == nil {
		return ""
	}
	if n.kind != scalar || n.null {
		d.fail(n, field, "text is needed, not "+n.what(),
			"write a word, in quotes when it has special characters")
		return ""
	}
	if strings.IndexByte(n.text, 0) >= 0 {
		d.fail(n, field, errNUL.Error(), scalarRemedy(errNUL))
		return ""
	}
	return n.text
}

// word is a string out of a list.
func (d *decoder) word(n *node, field string, known []string) string {
	s := d.text(n, field)
	if n == nil || s == "" || slices.Contains(known, s) {
		return s
	}
	remedy := otherName(field[strings.LastIndexByte(field, '.')+1:], s)
	if remedy == "" {
		remedy = didYouMean(s, known)
	}
	d.fail(n, field, fmt.Sprintf("`%s` is not known here", short(s)), remedy)
	return ""
}

// float is a finite number.
func (d *decoder) float(n *node, field string) (float64, bool) {
	v, ok := d.scalar(n, field, "a number")
	if !ok {
		return 0, false
	}
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		if IsFinite(v) {
			return v, true
		}
		d.fail(n, field, "a finite number is needed, not "+n.what(), "give a number such as 0.1, 32 or 1e-5")
		return 0, false
	case string:
		if _, err := strconv.ParseFloat(v, 64); err == nil && !n.plain {
			d.fail(n, field, fmt.Sprintf("a number is needed; quotes make %q text", short(v)),
				"remove the quotes")
			return 0, false
		}
		if point := strings.Replace(v, ",", ".", 1); float.MatchString(point) && point != v {
			d.fail(n, field, "a number has a decimal point, not the comma of "+n.what(),
				"write `"+point+"`")
			return 0, false
		}
	}
	d.fail(n, field, "a number is needed, not "+n.what(), "give a number such as 0.1, 32 or 1e-5")
	return 0, false
}

// integer is a whole number from low to high; 1.0 and 1e3 are whole.
func (d *decoder) integer(n *node, field string, low, high int64) int64 {
	v, ok := d.scalar(n, field, "a whole number")
	if !ok {
		return low
	}
	i, isInt := v.(int64)
	if f, isFloat := v.(float64); isFloat && f == math.Trunc(f) && math.Abs(f) < 1<<62 {
		i, isInt = int64(f), true
	}
	switch {
	case !isInt && !n.plain && n.tag == "" && isInteger(&node{text: n.text, plain: true}):
		d.fail(n, field, fmt.Sprintf("a whole number is needed; quotes make %q text", short(n.text)),
			"remove the quotes")
		return low
	case !isInt:
		d.fail(n, field, "a whole number is needed, not "+n.what(),
			fmt.Sprintf("give one from %d to %d", low, high))
		return low
	case i < low:
		d.fail(n, field, fmt.Sprintf("%d is below %d", i, low),
			fmt.Sprintf("give a whole number from %d to %d", low, high))
		return low
	case i > high:
		d.fail(n, field, fmt.Sprintf("%d is above %d", i, high),
			fmt.Sprintf("give a whole number from %d to %d", low, high))
		return low
	}
	return i
}

// regexp compiles a regular expression; nil: it is none, which was reported.
func (d *decoder) regexp(text string, n *node, field string) *regexp.Regexp {
	re, err := regexp.Compile(text)
	if err != nil {
		d.fail(n, field, "not a regular expression: "+
			short(strings.TrimPrefix(err.Error(), "error parsing regexp: ")), "write it in RE2 syntax")
		return nil
	}
	return re
}

// mappingOf says whether n is a mapping whose keys are the user's own; else it was reported.
func (d *decoder) mappingOf(n *node, field, example string) bool {
	if n.kind != mapping {
		d.fail(n, field, "a mapping is needed, not "+n.what(), "write "+example)
		return false
	}
	return true
}

// duration is a number of seconds, or text such as 90s, 2h30m, 1d.
func (d *decoder) duration(n *node, field string) time.Duration {
	if n == nil {
		return 0
	}
	v, ok := d.scalar(n, field, "a duration")
	if !ok {
		return 0
	}
	seconds := math.NaN()
	switch v := v.(type) {
	case int64:
		seconds = float64(v)
	case float64:
		seconds = v
	case string:
		if days, isDays := strings.CutSuffix(v, "d"); isDays {
			if f, err := strconv.ParseFloat(days, 64); err == nil {
				seconds = f * 86400
			}
		} else if t, err := time.ParseDuration(v); err == nil {
			seconds = t.Seconds()
		}
	}
	const longest = 10 * 365 * 86400 // ten years, far below what time.Duration holds
	if !(seconds > 0 && seconds <= longest) {
		remedy := durationOf(n.text)
		if seconds == 0 {
			remedy = "write 90s, 15m, 2h30m or 1d; where there is to be none, leave it out"
		}
		d.fail(n, field, "a duration above 0 is needed, not "+n.what(), remedy)
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}

// list is the items of a list.
func (d *decoder) list(n *node, field, example string) []*node {
	if n == nil {
		return nil
	}
	if n.kind != list {
		d.fail(n, field, "a list is needed, not "+n.what(), "write "+example)
		return nil
	}
	return n.items
}

// value is any YAML value as a parameter's value.
func (d *decoder) value(n *node, field string) Value {
	switch n.kind {
	case list:
		items := make([]Value, len(n.items))
		for i, item := range n.items {
			items[i] = d.value(item, fmt.Sprintf("%s.%d", field, i))
		}
		return items
	case mapping:
		p := make(Point, len(n.pairs))
		for i, pair := range n.pairs {
			p[i] = Param{Name: pair.key.text, Value: d.value(pair.value, join(field, pair.key.text))}
		}
		return p
	}
	v, _ := d.scalar(n, field, "a value")
	return v
}

// checkIndent finds keys that are empty while keys that do not belong beside them follow: what is below an
// empty key was meant to be in it. That is one fault with many traces: it is reported once, and its traces,
// which it gives, are not reported again.
func (d *decoder) checkIndent(n *node, field string, stray func(pair) bool) map[*node]bool {
	reported := map[*node]bool{}
	for i, p := range n.pairs {
		if !p.value.null || stray(p) && field == "" {
			continue
		}
		first := ""
		for _, q := range n.pairs[i+1:] {
			if !stray(q) || q.key.column != p.key.column || q.key.line == p.key.line {
				break
			}
			if first == "" {
				first = q.key.text
			}
			reported[q.key] = true
		}
		if first != "" {
			d.fail(p.key, join(field, p.key.text),
				fmt.Sprintf("`%s` is empty, and `%s` below it is not indented", short(p.key.text),
					short(first)),
				fmt.Sprintf("indent `%s`, and what belongs to it, by two blanks more than `%s`", short(first),
					short(p.key.text)))
			if d.emptied == nil {
				d.emptied = map[*node]bool{}
			}
			d.emptied[p.value] = true
		}
	}
	return reported
}

type options struct {
	set  []string
	seed *uint64
	read func(path string) ([]byte, error)
	from []string // the specs whose `then` led here, outermost first

	getenv func(name string) (string, bool) // what ${envvar:NAME} will read; nil: it is not checked

	winner bool // this is a `then` spec: ${winner.…} is there

	accepted bool // an earlier Parse has taken the spec: what checking it costs has no bound
}

// mostEvaluated is how many expressions are evaluated for one purpose.
func (o options) mostEvaluated() int {
	if o.accepted {
		return math.MaxInt
	}
	return maxEvaluated
}

func splitLines(s string) []string {
	return strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
}
