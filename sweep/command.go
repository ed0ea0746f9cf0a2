package sweep

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/shell"
)

// Command is a command before its macros are expanded. Exactly one of Argv and Shell is set.
type Command struct {
	Program string   // for ${program}
	Argv    []string // executed as it is
	Shell   string   // run by sh -c

	long bool // an earlier Parse has taken it: it is read without the bounds of newer versions
}

// defaultArgv is what W&B runs when a spec has no `command`.
var defaultArgv = []string{"${env}", "${interpreter}", "${program}", "${args}"}

// imageArgv is what an image itself runs.
var imageArgv = []string{"${entrypoint}", "${cmd}"}

// Vars is what the macros of a command stand for in one run of it.
type Vars struct {
	Params      Point
	Interpreter string                           // ${interpreter}; empty: python
	Getenv      func(name string) (string, bool) // ${envvar:NAME}; nil: nothing is set
	// path put for ${args_json_file}, its last element naming the file; empty: args.json
	ArgsFile   string
	Entrypoint []string // the image's, for ${entrypoint}
	Cmd        []string // the image's, for ${cmd}
	Winner     *Winner  // in a `then` step: what ${winner.…} stands for
}

// Winner is the selected trial as a `then` step sees it.
type Winner struct {
	Trial  int
	Seed   uint64 // that it ran with
	Value  float64
	Params Point
}

// File is one that the command expects beside it: ${args_json_file}.
type File struct {
	Name string // without folders
	Data []byte
}

// Expansion is a command ready to run. Exactly one of Argv and Shell is set.
type Expansion struct {
	Argv  []string
	Shell string // for sh -c
	Files []File // to be written before the start
}

// Expand replaces the macros. In Shell text every value is quoted, so it reaches the program as data. It
// fails when an environment variable is not set, a parameter is absent, or a macro is not known; Parse has
// refused the latter two for the spec's own command.
func (c Command) Expand(v Vars) (Expansion, error) {
	words, _, err := c.split(nil)
	if err != nil {
		return Expansion{}, fmt.Errorf("expand command: %w", err)
	}
	x := expander{command: c, vars: v}
	if c.Shell != "" {
		script, err := x.script(words[0].parts)
		if err != nil {
			return Expansion{}, fmt.Errorf("expand command: %w", err)
		}
		x.out.Shell = script
		return x.out, nil
	}
	x.out.Argv = []string{}
	for _, w := range words {
		if err := x.word(w); err != nil {
			return Expansion{}, fmt.Errorf("expand command: %w", err)
		}
	}
	if len(x.out.Argv) == 0 && c.OfImage() {
		return Expansion{}, errors.New("expand command: the image has neither ENTRYPOINT nor CMD")
	}
	return x.out, nil
}

// word is one item of a command; a script is shell text.
type word struct {
	parts  []shell.Part
	script bool
	hydra  string // the last ${…} that is left to the program; empty: there is none
}

// Readings tells of each word of a list what a value in it must be: anything where the word is data, a plain word
// where something may run it, as behind an option for code, a number where something does, as a shell behind sh -c
// or Python behind python -c. Of a list that is no command each word may be code.
func (c Command) Readings() []shell.Kind {
	all := make([]shell.Kind, len(c.Argv))
	words, _, err := shell.Words(c.Argv, nil, shellMacro)
	for i := range all {
		switch {
		case err != nil || words[i].Script || words[i].Need != nil && words[i].Need.Kind != shell.PlainWord:
			all[i] = shell.Number
		case words[i].Need != nil:
			all[i] = shell.PlainWord
		}
	}
	return all
}

// split finds the macros of the command, and what it needs of variables of its environment.
func (c Command) split(vars []string) (words []word, needed map[string]*shell.Need, err error) {
	script, list := shell.Script, shell.Words
	if c.long {
		script, list = shell.LongScript, shell.LongWords
	}
	if c.Shell != "" {
		parts, needed, err := script(c.Shell, vars, shellMacro)
		return []word{{parts: parts, script: true}}, needed, err
	}
	read, needed, err := list(c.Argv, vars, shellMacro)
	if err != nil {
		return nil, nil, err
	}
	words = make([]word, len(read))
	for i, r := range read {
		words[i] = word{parts: r.Parts, script: r.Script}
		if r.Script {
			continue
		}
		if words[i].parts, words[i].hydra, err = splitMacros(c.Argv[i]); err != nil {
			return nil, nil, &shell.ItemError{Item: i, Err: err}
		}
		for k := range words[i].parts {
			words[i].parts[k].Need = r.Need
		}
	}
	return words, needed, nil
}

// macroUse is a macro and what the place that it stands in asks for.
type macroUse struct {
	macro
	inArithmetic bool
	need         *shell.Need // nil: any value is data there
}

// macros lists every macro of the command.
func (c Command) macros() ([]macroUse, error) {
	words, _, err := c.split(nil)
	var all []macroUse
	for _, w := range words {
		for _, p := range w.parts {
			if p.Macro != nil {
				all = append(all, macroUse{p.Macro.(macro), p.InArithmetic(), p.Need})
			}
		}
	}
	return all, err
}

// foreign is one ${…} of each item of the list that is left to the program, empty where there is none.
func (c Command) foreign() []string {
	words, _, _ := c.split(nil)
	found := make([]string, len(words))
	for i, w := range words {
		found[i] = w.hydra
	}
	return found
}

// Environment lists the variables that ${envvar:NAME} reads, so that a missing one is found before the start.
func (c Command) Environment() []string {
	macros, _ := c.macros()
	var names []string
	for _, m := range macros {
		if m.name == "envvar" && !slices.Contains(names, m.arg) {
			names = append(names, m.arg)
		}
	}
	return names
}

// Programs are the program that the command starts with, behind env, nice and their like, and the script that
// it names. What depends on macros, branches, or files that the command could make first is left out.
func (c Command) Programs(interpreter string) []shell.Program {
	if interpreter == "" {
		interpreter = "python"
	}
	known := map[string]string{"${env}": "env", "${interpreter}": interpreter, "${program}": c.Program}
	return shell.Programs(c.Argv, c.Shell, known, shellMacro)
}

// OfImage says whether the command is not whole without the image's ENTRYPOINT or CMD.
func (c Command) OfImage() bool {
	macros, _ := c.macros()
	return slices.ContainsFunc(macros, func(m macroUse) bool { return m.ofImage() })
}

// Empty says whether there is nothing to run.
func (c Command) Empty() bool { return c.Shell == "" && len(c.Argv) == 0 }

type expander struct {
	command Command
	vars    Vars
	out     Expansion
}

func (x *expander) script(parts []shell.Part) (string, error) {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
		if p.Macro == nil {
			continue
		}
		words, err := x.value(p.Macro.(macro))
		if err != nil {
			return "", err
		}
		text, err := p.Quote(words)
		if err != nil {
			return "", err
		}
		if err := x.checkNeed(p, words); err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// word appends one item of a list, which becomes several words when it is a macro for several.
func (x *expander) word(w word) error {
	if w.script {
		script, err := x.script(w.parts)
		x.out.Argv = append(x.out.Argv, script)
		return err
	}
	var b strings.Builder
	for _, p := range w.parts {
		b.WriteString(p.Text)
		if p.Macro == nil {
			continue
		}
		words, err := x.value(p.Macro.(macro))
		if err != nil {
			return err
		}
		if err := x.checkNeed(p, words); err != nil {
			return err
		}
		if p.Macro.IsList() {
			x.out.Argv = append(x.out.Argv, words...)
			return nil
		}
		b.WriteString(words[0])
	}
	x.out.Argv = append(x.out.Argv, b.String())
	return nil
}

// checkNeed refuses words that would not arrive as they are where a macro stands.
func (x *expander) checkNeed(p shell.Part, words []string) error {
	m, params := p.Macro.(macro), x.vars.Params
	if m.winner {
		params = x.vars.Winner.Params
	}
	if p.Need == nil || wordsMeet(p.Need.Kind, m, words, params) {
		return nil
	}
	return p.Need.Refuse(m)
}

// value is the words a macro stands for: exactly one, unless it stands for several.
func (x *expander) value(m macro) ([]string, error) {
	params := x.vars.Params
	if m.winner {
		if x.vars.Winner == nil {
			return nil, fmt.Errorf("%s: there is no winner here; it exists in a `then` step", m)
		}
		params = x.vars.Winner.Params
	}
	switch m.name {
	case "env":
		return []string{"/usr/bin/env"}, nil
	case "interpreter":
		if x.vars.Interpreter != "" {
			return []string{x.vars.Interpreter}, nil
		}
		return []string{"python"}, nil
	case "program":
		if x.command.Program == "" {
			return nil, errors.New("${program}: the spec names no program")
		}
		return []string{x.command.Program}, nil
	case "envvar":
		if x.vars.Getenv != nil {
			if value, ok := x.vars.Getenv(m.arg); ok {
				return []string{value}, nil
			}
		}
		return nil, fmt.Errorf("%s: the environment variable %s is not set: set it before kaon runs", m,
			m.arg)
	case "param":
		value, ok := params.Lookup(m.arg)
		if !ok {
			return nil, fmt.Errorf("%s: the point has no such parameter", m)
		}
		return []string{Format(value)}, nil
	case "value":
		return []string{pythonFloat(x.vars.Winner.Value)}, nil
	case "trial":
		return []string{fmt.Sprint(x.vars.Winner.Trial)}, nil
	case "seed":
		return []string{fmt.Sprint(x.vars.Winner.Seed)}, nil
	case "entrypoint":
		return x.vars.Entrypoint, nil
	case "cmd":
		return x.vars.Cmd, nil
	case "args_json":
		return []string{string(pythonJSON(params))}, nil
	case "args_json_file":
		return []string{x.argsFile(m, params)}, nil
	}
	return flags(m.name, params), nil
}

// argsFile adds the file of parameters to the expansion and gives its path.
func (x *expander) argsFile(m macro, params Point) string {
	where := x.vars.ArgsFile
	if where == "" {
		where = "args.json"
	}
	if m.winner {
		where = path.Join(path.Dir(where), "winner-"+path.Base(where))
	}
	f := File{Name: path.Base(where), Data: pythonJSON(params)}
	for _, have := range x.out.Files {
		if have.Name == f.Name {
			return where
		}
	}
	x.out.Files = append(x.out.Files, f)
	return where
}

// flags writes the parameters as W&B's agent does: one word per top-level parameter, nested groups and lists
// as Python prints them.
func flags(form string, params Point) []string {
	words := make([]string, 0, len(params))
	for _, p := range params {
		value := Format(p.Value)
		switch form {
		case "args":
			words = append(words, "--"+p.Name+"="+value)
		case "args_no_hyphens":
			words = append(words, p.Name+"="+value)
		case "args_no_equals":
			words = append(words, "--"+p.Name, value)
		case "args_append_hydra":
			words = append(words, "+"+p.Name+"="+value)
		case "args_override_hydra":
			words = append(words, "++"+p.Name+"="+value)
		case "args_no_boolean_flags":
			if on, isBool := p.Value.(bool); !isBool {
				words = append(words, "--"+p.Name+"="+value)
			} else if on {
				words = append(words, "--"+p.Name)
			}
		}
	}
	return words
}

// What Linux hands to a program, in bytes: one word or variable has at most 32 pages with its NUL
// (MAX_ARG_STRLEN), all of them together a quarter of the stack's limit, 2 MiB where nobody changed it, half
// of which is left to the rest of the environment.
const (
	MaxWord  = 128<<10 - 1
	MaxWords = 1 << 20
)
