package shell

import (
	"regexp"
	"strings"
)

// Macro is one ${…} of a command: a value that is put there for each run.
type Macro interface {
	String() string   // as it is written: ${param.lr}
	Variable() string // the variable of the environment in which the program finds the value too
	IsList() bool     // it stands for any number of words
	IsProgram() bool  // its first word may be the program
	IsValue() bool    // it stands for one typed value, which may be a number
}

// Parse reads what stands between ${ and }. Its error is a Refusal, or has a method Remedy.
type Parse func(inner string) (Macro, error)

var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

	// shellVariable is how the shell's own ${…} begins, of which 80 bytes tell: the regexp's time grows with
	// the text.
	shellVariable = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*([^A-Za-z0-9_]|$)|^[#@*?$!0-9-]`)
)

// hole is a place for a macro in shell text.
type hole struct {
	source string // ${…}
	macro  Macro
	err    error // why it is no macro
}

// holes cuts shell text at what look like macros: one text more than holes.
func holes(script string, parse Parse) (texts []string, found []hole) {
	var text strings.Builder
	for script != "" {
		i := strings.IndexByte(script, '$')
		if i < 0 {
			break
		}
		text.WriteString(script[:i])
		script = script[i:]
		switch {
		case strings.HasPrefix(script, "$${"):
			text.WriteString("${")
			script = script[len("$${"):]
			continue
		case !strings.HasPrefix(script, "${") ||
			shellVariable.MatchString(script[len("${"):min(len(script), 80)]):
			text.WriteByte('$')
			script = script[1:]
			continue
		}
		h := hole{source: "${"}
		if end := strings.IndexByte(script, '}'); end < 0 {
			h.err = &Refusal{"a ${ is not closed", "close the macro with }, or write $${ for a plain ${"}
		} else {
			h.source = script[:end+1]
			h.macro, h.err = parse(h.source[len("${"):end])
		}
		texts, found = append(texts, text.String()), append(found, h)
		text.Reset()
		script = script[len(h.source):]
	}
	return append(texts, text.String()+script), found
}

// Refusal is why a macro cannot stand where it does, and what to write instead.
type Refusal struct {
	Problem string
	remedy  string
}

func (r *Refusal) Error() string { return r.Problem }

// Remedy is what the user can do about it; empty: nothing is known.
func (r *Refusal) Remedy() string { return r.remedy }
