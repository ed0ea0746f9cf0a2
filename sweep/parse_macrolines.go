package sweep

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// anyMacro is what looks like a macro.
var anyMacro = regexp.MustCompile(`\$\{[^}]*\}`)

// lineOf is the place of text within a value of several lines, or the value's own.
func (d *decoder) lineOf(n *node, text string) *node {
	if n == nil || n.kind != scalar || n.origin != "" || text == "" || n.line < 1 || n.line > len(d.lines) ||
		!beginsBlock(d.lines[n.line-1]) {
		return n
	}
	indent := -1
	for i, line := range d.lines[n.line:] {
		blanks := len(line) - len(strings.TrimLeft(line, " "))
		if blanks == len(line) {
			continue
		}
		if indent < 0 {
			indent = blanks
		}
		if blanks < indent {
			break
		}
		if at := strings.Index(line, text); at >= 0 {
			there := *n
			there.line, there.column = n.line+1+i, utf8.RuneCountInString(line[:at])+1
			there.text = text
			return &there
		}
	}
	return n
}

// unknownMacros tells every unknown macro of a command, and what is wrong with the others; false: all are
// known.
func (d *decoder) unknownMacros(c Command, n, at *node, field string) bool {
	if at.kind == scalar && c.Shell == "" && n.get("command") != nil && n.get("command").kind == list {
		at = n.get("command")
		field = strings.TrimRight(strings.TrimRight(field, "0123456789"), ".")
	}
	told, unknown := map[string]bool{}, false
	before := len(d.problems)
	for i, text := range append(slices.Clone(c.Argv), c.Shell) {
		at, field := at, field
		if at.kind == list && i < len(at.items) {
			at, field = at.items[i], fmt.Sprintf("%s.%d", field, i)
		}
		for _, found := range anyMacro.FindAllStringIndex(text, -1) {
			source := text[found[0]:found[1]]
			inner := source[len("${") : len(source)-1]
			isShell := found[0] > 0 && text[found[0]-1] == '$' || c.Shell != "" && !likelyMacro.MatchString(inner)
			if len(d.problems) == maxErrors {
				return true
			}
			if told[source] || isShell || c.Shell == "" && foreign(inner, text) {
				continue
			}
			told[source] = true
			m, err := parseMacro(inner)
			if err == nil {
				d.checkMacro(macroUse{macro: m}, c, at, field)
				continue
			}
			unknown = true
			d.fail(d.lineOf(at, source), field, err.Error(), d.nearParameter(remedyOf(err, "check the command")))
		}
	}
	if !unknown {
		d.problems = d.problems[:before]
	}
	return unknown
}

// likelyMacro is what stands in braces that are not the shell's own.
var likelyMacro = regexp.MustCompile(`^[a-z]`)

var meantParameter = regexp.MustCompile(`^did you mean \$\{param\.([^}]+)\}\?$`)

// nearParameter corrects the parameter that a remedy names.
func (d *decoder) nearParameter(remedy string) string {
	m := meantParameter.FindStringSubmatch(remedy)
	if m == nil {
		return remedy
	}
	names := d.spec.Space.names()
	if near := suggest(m[1], names); near != "" && !slices.Contains(names, m[1]) {
		return "did you mean ${param." + near + "}?"
	}
	return remedy
}

var bareMacro = regexp.MustCompile(`(?:^|[^$\\])\$(args\w*|param\.[\w.]*\w)`)

// withoutBraces refuses $args, which a shell takes for a variable of its own: nothing would come of the
// parameters. It is one where the text says more of it.
func (d *decoder) withoutBraces(c Command, at *node, field string) {
	prefix := ""
	if strings.HasPrefix(field, "then") {
		prefix = "winner."
	}
	seen := map[string]bool{}
	for i, text := range append(slices.Clone(c.Argv), c.Shell) {
		clear(seen)
		for _, m := range bareMacro.FindAllStringSubmatch(text, -1) {
			name, _, _ := strings.Cut(m[1], ".")
			if seen[name] {
				continue
			}
			seen[name] = true
			if _, err := parseMacro(m[1]); err != nil || d.definesVariable(text, name) {
				continue
			}
			at, field := at, field
			if at.kind == list && i < len(at.items) {
				at, field = at.items[i], fmt.Sprintf("%s.%d", field, i)
			}
			d.fail(d.lineOf(at, "$"+m[1]), field,
				fmt.Sprintf("$%s without braces is no macro, and no variable that the command sets", m[1]),
				"write ${"+prefix+m[1]+"}")
			return
		}
	}
}

// definesVariable says whether a script, or `env`, may set a variable.
func (d *decoder) definesVariable(script, name string) bool {
	if task := d.root.get("task"); task != nil && task.kind == mapping && task.get("env") != nil &&
		task.get("env").kind == mapping && task.get("env").get(name) != nil {
		return true
	}
	return regexp.MustCompile(`(^|[^$\w.{-])` + name + `\b`).MatchString(script)
}
