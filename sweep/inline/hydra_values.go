package inline

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// hydraSweep reads the values of one override.
type hydraSweep struct {
	text   string // all overrides, for errors
	group  string
	groups func(group string, include, exclude []string) ([]string, error)
	values []string
	keys   []*node
	log    bool // within tag(log, …)
	whole  bool // within int(…)
}

// list reads what stands between commas from one place to another.
func (s *hydraSweep) list(from, to int) (parts []string, err error) {
	for from <= to {
		end, err := hydraEnd(s.text[:to], from, ",")
		if err != nil {
			return nil, err
		}
		part := strings.TrimSpace(s.text[from:end])
		if part == "" {
			return nil, &Error{s.text, from, "a value is empty", `remove the comma, or write '' for the empty text`}
		}
		if err := s.element(part, from); err != nil {
			return nil, err
		}
		parts, from = append(parts, part), end+1
		if end == to {
			break
		}
	}
	return parts, nil
}

// element reads one value, or one function.
func (s *hydraSweep) element(part string, at int) error {
	function, _, found := strings.Cut(part, "(")
	if !found || !strings.HasSuffix(part, ")") || !identifier.MatchString(function) {
		s.values = append(s.values, Reader{}.value(part)) // as it stands: Hydra reads its own notation
		return nil
	}
	open := at + strings.IndexByte(s.text[at:], '(') + 1
	args, named, err := s.arguments(open, at+strings.Index(s.text[at:], part)+len(part)-1)
	if err != nil {
		return err
	}
	switch function {
	case "choice", "shuffle", "sort":
		for _, a := range args {
			if inner := strings.TrimSpace(a.text); function != "choice" && strings.HasPrefix(inner, "[") {
				if _, err := s.list(a.at+strings.IndexByte(a.text, '[')+1,
					a.at+strings.LastIndexByte(a.text, ']')); err != nil {
					return err
				}
				continue
			}
			if err := s.element(strings.TrimSpace(a.text), a.at); err != nil {
				return err
			}
		}
		return nil
	case "tag", "int", "float":
		if len(args) == 0 {
			return &Error{s.text, at, "`" + function + "` needs a value", ""}
		}
		for _, a := range args[:len(args)-1] {
			s.log = s.log || strings.TrimSpace(a.text) == "log"
		}
		s.whole = s.whole || function == "int"
		last := args[len(args)-1]
		return s.element(strings.TrimSpace(last.text), last.at)
	case "range":
		return s.steps(args, named, at)
	case "interval":
		return s.interval(args, named, at)
	case "glob":
		return s.glob(args, named, at)
	}
	return &Error{s.text, at, "`" + function + "` is not carried", "write the values, with commas between them"}
}

// arguments are those of a function, between its parentheses.
func (s *hydraSweep) arguments(from, to int) (args []hydraWord, named map[string]hydraWord, err error) {
	named = map[string]hydraWord{}
	for from < to {
		end, err := hydraEnd(s.text[:to], from, ",")
		if err != nil {
			return nil, nil, err
		}
		text := s.text[from:end]
		if key, value, found := strings.Cut(text, "="); found && identifier.MatchString(strings.TrimSpace(key)) {
			named[strings.TrimSpace(key)] = hydraWord{value, from + len(key) + 1}
		} else {
			args = append(args, hydraWord{text, from})
		}
		from = end + 1
	}
	return args, named, nil
}

// numbers are those of arguments by their names, in this order.
func (s *hydraSweep) numbers(
	args []hydraWord, named map[string]hydraWord, at int, names ...string,
) (all []float64, err error) {
	for i, n := range names {
		a, ok := named[n]
		if i < len(args) {
			a, ok = args[i], true
		}
		if !ok {
			break
		}
		x, err := strconv.ParseFloat(strings.TrimSpace(a.text), 64)
		if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
			return nil, &Error{s.text, a.at, "a number is needed", ""}
		}
		all = append(all, x)
	}
	if len(args) > len(names) {
		return nil, &Error{s.text, at, "there are too many arguments", ""}
	}
	return all, nil
}

// steps reads range(stop), range(start, stop) and range(start, stop, step); the end is none of them, as in Python.
func (s *hydraSweep) steps(args []hydraWord, named map[string]hydraWord, at int) error {
	names := []string{"start", "stop", "step"}
	if len(args) == 1 && len(named) == 0 {
		names = []string{"stop"}
	}
	all, err := s.numbers(args, named, at, names...)
	if err != nil {
		return err
	}
	first, end, step := 0.0, 0.0, 1.0
	switch len(all) {
	case 1:
		end = all[0]
	case 2, 3:
		if first, end = all[0], all[1]; len(all) == 3 {
			step = all[2]
		}
	}
	if len(all) == 0 || step == 0 || (end-first)/step > maxValues {
		return &Error{s.text, at, fmt.Sprintf("a range has an end, and 1 to %d steps", maxValues), ""}
	}
	for i := 0; ; i++ {
		x := first + float64(i)*step
		if step > 0 && x >= end || step < 0 && x <= end {
			break
		}
		s.values = append(s.values, hydraNumber(x))
	}
	if len(s.values) == 0 {
		return &Error{s.text, at, "the range is empty", ""}
	}
	return nil
}

// interval reads interval(start, end).
func (s *hydraSweep) interval(args []hydraWord, named map[string]hydraWord, at int) error {
	all, err := s.numbers(args, named, at, "start", "end")
	if err != nil {
		return err
	}
	if len(all) != 2 || all[0] >= all[1] {
		return &Error{s.text, at, "an interval has a start, and an end beyond it", ""}
	}
	distribution := map[[2]bool]string{{false, false}: "uniform", {true, false}: "log_uniform_values",
		{false, true}: "int_uniform",
		{true, true}:  "q_log_uniform_values"}[[2]bool{s.log, s.whole}]
	if s.log && all[0] <= 0 {
		return &Error{s.text, at, "an interval by magnitude begins above 0", ""}
	}
	write := func(x float64) string {
		if s.whole {
			return hydraNumber(math.Round(x))
		}
		text := hydraNumber(x)
		if !strings.ContainsAny(text, ".eE") {
			text += ".0"
		}
		return text
	}
	s.keys = []*node{leaf("distribution", distribution), leaf("min", write(all[0])), leaf("max", write(all[1]))}
	if s.log && s.whole {
		s.keys = append(s.keys, leaf("q", "1"))
	}
	return nil
}

// glob reads glob(include, exclude=…), each a pattern or a list of them.
func (s *hydraSweep) glob(args []hydraWord, named map[string]hydraWord, at int) error {
	patterns := func(w hydraWord) (all []string) {
		text := strings.TrimSpace(w.text)
		text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
		for _, p := range strings.Split(text, ",") {
			if p = strings.Trim(strings.TrimSpace(p), `'"`); p != "" {
				all = append(all, p)
			}
		}
		return all
	}
	var include, exclude []string
	for _, a := range args {
		include = append(include, patterns(a)...)
	}
	if w, ok := named["include"]; ok {
		include = append(include, patterns(w)...)
	}
	if w, ok := named["exclude"]; ok {
		exclude = patterns(w)
	}
	group, _, _ := strings.Cut(s.group, "@")
	if s.groups == nil {
		return &Error{s.text, at, "there is no folder of configurations to look in",
			"write the names, with commas between them"}
	}
	names, err := s.groups(group, include, exclude)
	if err != nil {
		return &Error{s.text, at, err.Error(), "write the names, with commas between them"}
	}
	if len(names) == 0 {
		return &Error{s.text, at, "no configuration of the group `" + group + "` matches",
			"write the names, with commas between them"}
	}
	for _, n := range names {
		s.values = append(s.values, scalarText(n))
	}
	return nil
}
