package foreign

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// guildFunction is a value that is a function: logspace[-5:-1:5], or a range: [0:1].
var guildFunction = regexp.MustCompile(`^([A-Za-z][\w.-]*)?\[([^\[\],]*:[^\[\],]*)\]$`)

// guildFlags writes `parameters`: count of them; ranges: some flag has a range without steps; several: some have
// several values.
func guildFlags(r *reading, o *object, configs map[string]*sweep.Tree) (count int, ranges, several bool) {
	flags := o.object("flags")
	r.space.put(flags.nearest(), "parameters:")
	seen := map[string]bool{}
	var read func(flags *object, depth int)
	read = func(flags *object, depth int) {
		for _, p := range flags.pairs() {
			name := p.Key.Text
			if name == "$include" {
				flags.get(name)
				config := configs[p.Value.Text]
				const deepest = 8
				if config == nil || p.Value.List || depth == deepest {
					r.leave(p.Value, flags.at(name), "only one configuration of this file can be included",
						"it is left out")
					continue
				}
				read(r.object(config.Get("flags"), "flags of "+p.Value.Text), depth+1)
				continue
			}
			if seen[name] {
				continue // those of the operation win, and are read first
			}
			text, isRange, many := guildFlag(r, flags, p)
			if text == "" {
				continue
			}
			seen[name] = true
			count++
			ranges, several = ranges || isRange, several || many
			r.space.put(p.Key, "  %s: %s", quote(guildArgument(p)), text)
		}
	}
	for _, own := range []bool{true, false} { // what is included comes last
		o := *flags
		if flags.tree != nil {
			t := *flags.tree
			t.Pairs = nil
			for _, p := range flags.tree.Pairs {
				if (p.Key.Text != "$include") == own {
					t.Pairs = append(t.Pairs, p)
				}
			}
			o.tree = &t
		}
		read(&o, 0)
	}
	return count, ranges, several
}

// guildArgument is the name by which the program knows a flag.
func guildArgument(p sweep.TreePair) string {
	if name := p.Value.Get("arg-name"); name != nil {
		return name.Text
	}
	return p.Key.Text
}

// guildFlag is one flag; "" when it has no value, and is left to the program, or was refused.
func guildFlag(r *reading, flags *object, p sweep.TreePair) (text string, isRange, several bool) {
	at := flags.at(p.Key.Text)
	value := flags.get(p.Key.Text)
	if value == nil {
		return "", false, false
	}
	if value.Mapping {
		f := r.object(value, at)
		skip, _ := f.boolean("arg-skip")
		f.idle("description", "type", "choices", "min", "max", "required", "allow-other", "null-label",
			"distribution", "env-name")
		f.get("arg-name")
		value = f.get("default")
		if v := f.get("arg-switch"); v != nil {
			r.leave(v, f.at("arg-switch"), "a flag that stands without its value is not carried",
				"it is given with its value")
		}
		f.rest("it is not carried")
		if skip || value == nil {
			return "", false, false
		}
	}
	switch {
	case value.Null && !value.List && !value.Mapping: // Guild gives the program no such flag
		return "", false, false
	case value.Mapping:
		r.refuse(value, at, "a value, a list of values or a range is needed here")
		return "", false, false
	case value.List && len(value.Items) == 0:
		r.refuse(value, at, "the list has no values")
		return "", false, false
	case value.List:
		if i := slices.IndexFunc(value.Items, func(t *sweep.Tree) bool { return t.Null }); i >= 0 {
			r.refuse(value.Items[i], at, "a run without the flag, beside runs with it, is not carried: write a value")
			return "", false, false
		}
		return "{values: [" + guildValues(r, value.Items) + "]}", false, len(value.Items) > 1
	}
	m := guildFunction.FindStringSubmatch(value.Text)
	if m == nil {
		return "{value: " + guildValues(r, []*sweep.Tree{value}) + "}", false, false
	}
	var numbers []float64
	for _, word := range strings.Split(m[2], ":") {
		v, ok := finite(word)
		if !ok {
			r.refuse(value, at, fmt.Sprintf("a number is needed, not `%s`", clipped(word)))
			return "", false, false
		}
		numbers = append(numbers, v)
	}
	text, why := guildSpread(m[1], m[2], numbers)
	if why != "" {
		r.refuse(value, at, why)
		return "", false, false
	}
	return text, !strings.HasPrefix(text, "{values"), true
}

// guildValues are values as Guild gives them to a program: booleans so that Python's bool makes them of the text.
func guildValues(r *reading, items []*sweep.Tree) string {
	var words []string
	told := false
	for _, item := range items {
		text, boolean := guildText(item)
		if !boolean {
			words = append(words, source(item))
			continue
		}
		if !told {
			r.space.note("  ", "Guild gives true as 1, and false as an empty text")
			told = true
		}
		words = append(words, quote(text))
	}
	return strings.Join(words, ", ")
}

// guildText is a scalar as Guild gives it to a program, and whether it is a boolean.
func guildText(v *sweep.Tree) (text string, boolean bool) {
	yes, known := v.Bool()
	switch {
	case !known || !v.Plain:
		return v.Text, false
	case yes:
		return "1", true
	}
	return "", true
}

const mostGuildValues = 10000

// guildSpread is a function as a parameter; why it is none.
func guildSpread(name, written string, n []float64) (text, why string) {
	whole := !strings.ContainsAny(written, ".eE")
	list := func(count int, at func(i int) float64) string {
		var words []string
		for i := range count {
			x := short12(at(i))
			if words = append(words, number(x)); name != "range" || !whole {
				words[i] = float(x)
			}
		}
		return "{values: [" + strings.Join(words, ", ") + "]}"
	}
	counted := func(at int) (int, bool) {
		if len(n) <= at {
			return 5, true // as Guild has it
		}
		return int(n[at]), n[at] == math.Trunc(n[at]) && n[at] >= 1 && n[at] <= mostGuildValues
	}
	if len(n) < 2 || len(n) > 4 {
		return "", "a function has 2 to 4 numbers"
	}
	switch name {
	case "range":
		step := 1.0
		if len(n) > 2 {
			step = n[2]
		}
		count := math.Floor((n[1]-n[0])/step+1e-9) + 1
		if len(n) > 3 || !(step != 0 && count >= 1 && count <= mostGuildValues) {
			return "", fmt.Sprintf("a range goes from a number to another, by 1 to %d steps", mostGuildValues)
		}
		return list(int(count), func(i int) float64 { return n[0] + float64(i)*step }), ""
	case "linspace", "logspace", "geomspace":
		count, ok := counted(2)
		if !ok || name != "logspace" && len(n) > 3 {
			return "", fmt.Sprintf("`%s` has a beginning, an end, and a number of values from 1 to %d", name,
				mostGuildValues)
		}
		part := func(i int) float64 { return n[0] + (n[1]-n[0])*float64(i)/math.Max(float64(count-1), 1) }
		at := part
		switch {
		case name == "logspace":
			base := 10.0
			if len(n) > 3 {
				base = n[3]
			}
			at = func(i int) float64 { return math.Pow(base, part(i)) }
		case name == "geomspace":
			at = func(i int) float64 {
				return n[0] * math.Pow(n[1]/n[0], float64(i)/math.Max(float64(count-1), 1))
			}
		}
		for i := range count {
			if !sweep.IsFinite(at(i)) {
				return "", "the values are beyond what numbers can be"
			}
		}
		return list(count, at), ""
	case "", "uniform", "loguniform":
		if n[0] >= n[1] || name == "loguniform" && n[0] <= 0 || len(n) > 3 {
			return "", "a range has a beginning and an end beyond it, by magnitude above 0"
		}
		kind, write := "uniform", float
		switch {
		case name == "loguniform":
			kind = "log_uniform_values"
		case whole:
			kind, write = "int_uniform", number
		}
		return fmt.Sprintf("{distribution: %s, min: %s, max: %s}", kind, write(n[0]), write(n[1])), ""
	}
	return "", fmt.Sprintf("kaon has no function `%s`", clipped(name))
}
