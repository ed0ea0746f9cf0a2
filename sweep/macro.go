package sweep

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/shell"
)

// macroNames are the macros without an argument. Those of W&B come first, in its order.
var macroNames = []string{
	"env", "interpreter", "program", "args", "args_no_hyphens", "args_no_boolean_flags", "args_no_equals",
	"args_json", "args_json_file", "args_append_hydra", "args_override_hydra", "entrypoint", "cmd",
}

// winnerMacros are those of a `then` step, without their `winner.` prefix.
var winnerMacros = []string{
	"args", "args_no_hyphens", "args_no_boolean_flags", "args_no_equals", "args_json", "args_json_file",
	"args_append_hydra", "args_override_hydra", "value", "trial", "seed",
}

// isList says which macros stand for any number of words.
func isList(name string) bool {
	switch name {
	case "args", "args_no_hyphens", "args_no_boolean_flags", "args_no_equals", "args_append_hydra",
		"args_override_hydra", "entrypoint", "cmd":
		return true
	}
	return false
}

// macro is one ${...} of a command.
type macro struct {
	name   string // args, param, envvar, …
	arg    string // parameter or variable name
	winner bool   // of the winner, not of the trial
}

// ofImage says whether a macro stands for what the image says.
func (m macro) ofImage() bool { return m.name == "entrypoint" || m.name == "cmd" }

// IsList, IsProgram, IsValue, String and Variable are what package shell asks of a macro.
func (m macro) IsList() bool    { return isList(m.name) }
func (m macro) IsProgram() bool { return m.ofImage() }
func (m macro) IsValue() bool   { return m.name == "param" }

// Variable is the environment variable in which a trial finds what a macro stands for.
func (m macro) Variable() string {
	switch m.name {
	case "param":
		if m.winner {
			return "KAON_WINNER"
		}
		first, _, _ := strings.Cut(m.arg, ".")
		return EnvName(first)
	case "envvar":
		return m.arg
	}
	return "KAON_PARAMS"
}

func (m macro) String() string {
	s := m.name
	switch m.name {
	case "param":
		s += "." + m.arg
	case "envvar":
		s += ":" + m.arg
	}
	if m.winner {
		s = "winner." + s
	}
	return "${" + s + "}"
}

// parseMacro reads what stands between the braces.
func parseMacro(inner string) (macro, error) {
	m, ok := macroOf(inner)
	switch {
	case ok:
		return m, nil
	case strings.HasPrefix(inner, "envvar:"):
		return m, &withRemedy{"${" + short(inner) + "} does not name an environment variable", "write ${envvar:NAME}"}
	}
	return m, &withRemedy{"unknown macro ${" + short(inner) + "}", macroRemedy(inner)}
}

// CheckMacro says what is wrong with what stands between the braces of a ${…} in a command, and the remedy;
// "": nothing.
func CheckMacro(inner string) (problem, remedy string) {
	_, err := parseMacro(inner)
	if err == nil {
		return "", ""
	}
	var known *withRemedy
	if errors.As(err, &known) {
		remedy = known.remedy
	}
	return err.Error(), remedy
}

// macroOf is the macro of what stands between the braces, if it is one.
func macroOf(inner string) (m macro, ok bool) {
	if name, ok := strings.CutPrefix(inner, "envvar:"); ok {
		return macro{name: "envvar", arg: name}, variable.MatchString(name)
	}
	rest, winner := strings.CutPrefix(inner, "winner.")
	if name, ok := strings.CutPrefix(rest, "param."); ok && name != "" {
		return macro{name: "param", arg: name, winner: winner}, true
	}
	known := macroNames
	if winner {
		known = winnerMacros
	}
	return macro{name: rest, winner: winner}, slices.Contains(known, rest)
}

// shellMacro is parseMacro for package shell.
func shellMacro(inner string) (shell.Macro, error) { return parseMacro(inner) }

func macroRemedy(inner string) string {
	known := slices.Clone(macroNames)
	for _, w := range winnerMacros {
		known = append(known, "winner."+w)
	}
	if s := suggest(inner, known); s != "" {
		return "did you mean ${" + s + "}?"
	}
	for _, prefix := range []string{"parameters.", "parameter.", "params.", "args.", "config.",
		"wandb.config.", "hparams."} {
		if name, ok := strings.CutPrefix(inner, prefix); ok && name != "" {
			return "did you mean ${param." + name + "}?"
		}
	}
	if first, name, ok := strings.Cut(inner, "."); ok && name != "" {
		if suggest(first, []string{"param"}) != "" {
			return "did you mean ${param." + name + "}?"
		}
	}
	if variable.MatchString(inner) {
		return "an environment variable is ${envvar:" + inner + "}, a parameter ${param." + inner + "}; $${" +
			inner + "} is the plain text ${" + inner + "}"
	}
	return "known: ${" + strings.Join(macroNames, "}, ${") +
		"}, ${envvar:NAME}, ${param.NAME}; $${ is a plain ${"
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// interpolation is Hydra's own ${…}: ${model.name}, ${now:%Y}, ${oc.env:HOME}. W&B hands it to the program
// as it is, since only Hydra knows what it stands for.
var interpolation = regexp.MustCompile(`^[a-z][a-z0-9_]*([.:].*)?$`)

// foreign says whether ${inner}, a part of a longer word, is left to the program: no macro of ours, and not
// likely meant to be one.
func foreign(inner, word string) bool {
	if len(inner)+len("${}") == len(word) || !interpolation.MatchString(inner) ||
		strings.HasPrefix(inner, "param.") ||
		strings.HasPrefix(inner, "winner.") || strings.HasPrefix(inner, "envvar:") {
		return false
	}
	_, isMacro := macroOf(inner)
	return !isMacro && suggest(inner, macroNames) == ""
}

// splitMacros cuts a word into text and macros. `$${` is a plain `${`, and so is Hydra's within a word, the
// last of which it gives too.
func splitMacros(word string) (parts []shell.Part, hydra string, err error) {
	text := strings.Builder{}
	for i := 0; i < len(word); {
		if strings.HasPrefix(word[i:], "$${") {
			text.WriteString("${")
			i += 3
			continue
		}
		if !strings.HasPrefix(word[i:], "${") {
			text.WriteByte(word[i])
			i++
			continue
		}
		end := strings.IndexByte(word[i:], '}')
		if end < 0 {
			return nil, "", &withRemedy{"a ${ is not closed",
				"close the macro with }, or write $${ for a plain ${"}
		}
		if inner := word[i+2 : i+end]; foreign(inner, word) {
			text.WriteString(word[i : i+end+1])
			hydra = inner
			i += end + 1
			continue
		}
		m, err := parseMacro(word[i+2 : i+end])
		if err != nil {
			return nil, "", err
		}
		parts = append(parts, shell.Part{Text: text.String()}, shell.Part{Macro: m})
		text.Reset()
		i += end + 1
	}
	parts = append(parts, shell.Part{Text: text.String()})
	for i := range parts {
		if m := parts[i].Macro; m != nil && m.IsList() && strings.Trim(word, " ") != m.String() {
			return nil, "", &withRemedy{
				fmt.Sprintf("%s stands for several words but is part of one", m),
				"give it an item of its own in the list, or write the command as one string for the shell",
			}
		}
	}
	return parts, hydra, nil
}
