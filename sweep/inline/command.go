package inline

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Command is what a trial runs: words, or text for the shell.
type Command struct {
	Words []string
	Shell string // instead of Words
}

// Values says how the values come to a command that has no {name} in it.
type Values int

// Flags appends --lr=0.1 for each parameter, and Bare its value alone.
const (
	Flags Values = iota
	Bare
)

// brace is {name}, ${name} and {{name}}; $${ is the plain text of a spec's macro.
var brace = regexp.MustCompile(`\$\$\{|\{\{([^\s{}$'"` + "`" + `\\,;]+)\}\}|(\$?)\{([^\s{}$'"` + "`" + `\\,;]+)\}`)

// identifier is what a name in braces looks like that was likely meant for a parameter.
var identifier = regexp.MustCompile(`^[A-Za-z_][\w.-]*$`)

// separators are what makes the end of a shell text something else than the end of its one command.
const separators = "|&;<>()\n#`"

// With is the command with a spec's macros where the values of the parameters are to stand: for each {name}, else at
// its end.
func (c Command) With(params []Parameter, how Values) (Command, error) {
	names, given, unknown := map[string]bool{}, false, ""
	used := map[string]bool{}
	for _, p := range params {
		names[p.Name] = true
	}
	macros := func(text string) string {
		given = given || strings.Contains(text, "${args") || strings.Contains(text, "${param.")
		return brace.ReplaceAllStringFunc(text, func(found string) string {
			m := brace.FindStringSubmatch(found)
			switch name := m[3]; {
			case m[1] != "" && identifier.MatchString(m[1]):
				return "{" + m[1] + "}"
			case names[name]:
				used[name] = true
				return "${param." + name + "}"
			case name != "" && m[2] == "" && identifier.MatchString(name) && unknown == "":
				unknown = found
			}
			return found
		})
	}
	out := Command{Shell: macros(c.Shell)}
	for _, word := range c.Words {
		out.Words = append(out.Words, macros(word))
	}
	for _, text := range append([]string{c.Shell}, c.Words...) {
		if !utf8.ValidString(text) {
			return out, &Error{text, -1, "it is not UTF-8, in which a spec is written", "rename what it names"}
		}
	}
	if unknown != "" && len(used) < len(names) && !given {
		return out, &Error{c.textWith(unknown), strings.Index(c.textWith(unknown), unknown),
			"no parameter has this name",
			fmt.Sprintf("there are %s; for the plain text write {%s}", listed(params), unknown)}
	}
	if given || len(used) > 0 {
		return out, nil
	}
	return out.appended(c, params, how)
}

// textWith is the part of the command that holds a text.
func (c Command) textWith(part string) string {
	for _, word := range c.Words {
		if strings.Contains(word, part) {
			return word
		}
	}
	return c.Shell
}

// appended is the command with the values at its end.
func (c Command) appended(typed Command, params []Parameter, how Values) (Command, error) {
	ends := []string{"${args}"}
	if how == Bare {
		ends = nil
		for _, p := range params {
			ends = append(ends, "${param."+p.Name+"}")
		}
	}
	if c.Shell == "" {
		c.Words = append(slices.Clone(c.Words), ends...)
		return c, nil
	}
	if at := strings.IndexAny(c.Shell, separators); at >= 0 {
		return c, &Error{typed.Shell, strings.IndexAny(typed.Shell, separators),
			"where the values go is not clear in a command of several parts",
			fmt.Sprintf("write {%s} where its value is to stand", params[0].Name)}
	}
	c.Shell = strings.TrimRight(c.Shell, " ") + " " + strings.Join(ends, " ")
	return c, nil
}

// listed is the names of parameters as they stand in a command.
func listed(params []Parameter) string {
	all := make([]string, len(params))
	for i, p := range params {
		all[i] = "{" + p.Name + "}"
	}
	return strings.Join(all, " ")
}

func (c Command) node() *node {
	if c.Shell != "" {
		return leaf("command", quote(c.Shell))
	}
	words := make([]string, len(c.Words))
	for i, word := range c.Words {
		words[i] = scalarText(word)
	}
	return leaf("command", "["+strings.Join(words, ", ")+"]")
}

// programName is what may name a sweep.
var programName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,40}$`)

var interpreter = regexp.MustCompile(`^(env|nice|time|python[0-9.]*|bash|sh|dash|zsh|node|ruby|perl|julia|Rscript|uv|run|torchrun|go)$`)

// title is a name for the sweep: that of its program, without folder and extension.
func (c Command) title() string {
	words := c.Words
	if c.Shell != "" {
		words = strings.Fields(c.Shell)
	}
	for _, word := range words {
		base := path.Base(word)
		if interpreter.MatchString(base) || strings.HasPrefix(word, "-") || strings.Contains(word, "=") {
			continue
		}
		base = strings.TrimSuffix(base, path.Ext(base))
		if programName.MatchString(base) {
			return base
		}
		break
	}
	return "sweep"
}
