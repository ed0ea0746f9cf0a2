package sweep

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/shell"
)

// bareBrace is {lr} and {{ lr }}, which other tools replace.
var bareBrace = regexp.MustCompile(`\{\{?\s*([A-Za-z_][\w.]*)\s*\}?\}`)

// bareBraces warns of words in braces without a $, which kaon does not replace.
func (d *decoder) bareBraces(c Command, at *node, field string) {
	for _, text := range append(slices.Clone(c.Argv), c.Shell) {
		for _, found := range bareBrace.FindAllStringSubmatchIndex(text, -1) {
			if found[0] > 0 && text[found[0]-1] == '$' {
				continue
			}
			name := text[found[2]:found[3]]
			macro := name
			if _, isParameter := d.leaf(name); isParameter {
				macro = "param." + name
			} else if !isList(name) {
				continue
			}
			d.warn(at, field, short(text[found[0]:found[1]])+" is no macro: the program gets it as it stands",
				"write ${"+macro+"}")
			return
		}
	}
}

// foreignAdvice is the remedy for a ${…} that is left to the program.
func (d *decoder) foreignAdvice(inner string) string {
	if _, isParameter := d.leaf(inner); isParameter {
		return "the parameter is ${param." + short(inner) + "}; $${" + short(inner) +
			"} says that it is Hydra's"
	}
	return "nothing, if it is Hydra's; $${" + short(inner) + "} says so"
}

// checkNeed makes sure that a macro's values are what its place needs, whatever point they are of.
func (d *decoder) checkNeed(m macro, x *shell.Need, at *node, field string) {
	if x == nil || x.Kind == shell.Anything || d.options.winner && m.winner {
		return
	}
	ok := true
	switch m.name {
	case "param":
		ok = d.meets(x.Kind, func(l *leaf) bool { return l.Name == m.arg })
		if _, known := d.leaf(m.arg); !known && x.Kind > shell.PlainWord {
			ok = false
		}
	case "args", "args_no_hyphens", "args_no_boolean_flags", "args_no_equals", "args_append_hydra",
		"args_override_hydra":
		ok = x.Kind == shell.PlainWord && d.meets(x.Kind, func(l *leaf) bool { return true })
		for _, l := range d.spec.Space.leaves {
			ok = ok && len(l.path) == 1 && shell.IsPlain(l.Name)
		}
	case "args_json":
		ok = false
	case "envvar":
		if d.options.getenv != nil {
			value, set := d.options.getenv(m.arg)
			ok = !set || wordsMeet(x.Kind, m, []string{value}, nil)
		}
	}
	if !ok {
		err := x.Refuse(m)
		d.fail(at, field, err.Error(), remedyOf(err, ""))
	}
}

func (d *decoder) leaf(name string) (*leaf, bool) {
	if k := d.spec.Space.leafNamed(name); k >= 0 {
		return d.spec.Space.leaves[k], true
	}
	return nil, false
}

// meets says whether all values of the chosen parameters are what a place needs.
func (d *decoder) meets(k shell.Kind, chosen func(*leaf) bool) bool {
	for _, l := range d.spec.Space.leaves {
		if !chosen(l) {
			continue
		}
		for _, v := range l.Values {
			if !meets(k, v) {
				return false
			}
		}
	}
	return true
}

// checkMacros refuses macros that are unknown, or that this spec has nothing to put for.
func (d *decoder) checkMacros(c Command, at, n *node, field string) {
	if at == nil {
		at = n
	}
	macros, err := c.macros()
	if err != nil {
		var item *shell.ItemError
		if errors.As(err, &item) {
			err = item.Err
		}
		if item != nil && at.kind == list && item.Item < len(at.items) {
			at, field = at.items[item.Item], fmt.Sprintf("%s.%d", field, item.Item)
		}
		if !d.unknownMacros(c, n, at, field) {
			d.fail(d.lineOf(at, anyMacro.FindString(err.Error())), field, err.Error(),
				remedyOf(err, "check the command"))
		}
		return
	}
	for _, m := range macros {
		d.checkMacro(m, c, at, field)
	}
	d.bareBraces(c, at, field)
	d.withoutBraces(c, at, field)
	for i, inner := range c.foreign() {
		if inner == "" {
			continue
		}
		d.warn(at.items[i], fmt.Sprintf("%s.%d", field, i),
			"${"+short(inner)+"} is no macro: the program gets it as it stands",
			d.foreignAdvice(inner))
	}
}

func (d *decoder) checkMacro(m macroUse, c Command, at *node, field string) {
	before := len(d.problems)
	defer func() {
		if len(d.problems) == before {
			d.checkNeed(m.macro, m.need, at, field)
		}
		for _, e := range d.problems[before:] {
			*e = *d.problem(d.lineOf(at, m.String()), e.Field, e.Problem, e.Remedy)
		}
	}()
	inThen := d.options.winner || strings.HasPrefix(field, "then")
	for i, item := range at.items {
		if strings.Contains(item.text, m.String()) {
			at, field = item, fmt.Sprintf("%s.%d", field, i)
			break
		}
	}
	switch {
	case m.winner && !inThen:
		d.fail(at, field, m.String()+": there is no winner while trials run",
			"use it in the `then` step; a trial's own parameters are ${args} or ${param.NAME}")
	case m.winner && m.name == "param" && !d.options.winner:
		d.checkParam(m.macro, m.inArithmetic, at, field)
	case m.winner:
	case inThen && !d.options.winner && (m.name == "param" || strings.HasPrefix(m.name, "args")):
		d.fail(at, field, m.String()+": a `then` step has no parameters of its own",
			"write ${winner."+strings.TrimPrefix(m.String(), "${"))
	case m.ofImage() && !d.inImage:
		d.fail(at, field, m.String()+": the spec names no image",
			"add `task: {image: NAME}`, or write the command out")
	case m.name == "program" && c.Program == "":
		d.fail(at, field, "${program}: the spec names no program",
			"add `program: train.py`, or write the program into the command")
	case m.name == "param":
		d.checkParam(m.macro, m.inArithmetic, at, field)
	case m.name == "envvar":
		d.checkVariable(m.macro, at, field)
	}
}

// checkVariable makes sure that the submitter has set a variable.
func (d *decoder) checkVariable(m macro, at *node, field string) {
	if d.options.getenv == nil {
		return
	}
	if _, set := d.options.getenv(m.arg); !set {
		name := short(m.arg)
		d.fail(at, field, fmt.Sprintf("%s: the environment variable %s is not set", m, name),
			fmt.Sprintf("set it where kaon is called, as in `export %s=…`", name))
	}
}

// checkParam makes sure that a parameter is there in every point.
func (d *decoder) checkParam(m macro, inArithmetic bool, at *node, field string) {
	s := d.spec.Space
	if k := s.leafFor(m.arg); k >= 0 {
		l := s.leaves[k]
		inside := strings.HasPrefix(l.Name, m.arg+".")
		if inArithmetic && l.Name == m.arg && !l.wholeNumbers() {
			d.fail(at, field, fmt.Sprintf("%s stands in arithmetic, where only whole numbers can", m),
				shell.ArithmeticRemedy(m))
		}
		if len(l.when) > 0 && !inside {
			d.fail(at, field, fmt.Sprintf("%s: the parameter is absent when its condition does not hold", m),
				"use ${args} or ${args_json}, which leave absent parameters out")
		}
		return
	}
	if len(d.problems) == 0 || len(s.leaves) > 0 {
		d.fail(at, field, fmt.Sprintf("%s: there is no parameter `%s`", m, short(m.arg)),
			didYouMean(m.arg, s.names()))
	}
}
