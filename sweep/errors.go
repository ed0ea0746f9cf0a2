package sweep

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Error is one problem of a spec: where it is, what is wrong, and what to do about it. Its JSON form is a
// contract for scripts.
type Error struct {
	File    string `json:"file"`             // as given to Parse, or the --set argument the value came from
	Line    int    `json:"line,omitempty"`   // from 1; 0 when the value is not in the file
	Column  int    `json:"column,omitempty"` // from 1, in characters
	Field   string `json:"field,omitempty"`  // path of keys: parameters.lr.min
	Value   string `json:"value,omitempty"`  // the offending text, cut to 80 characters
	Problem string `json:"problem"`
	Remedy  string `json:"remedy,omitempty"`
	Text    string `json:"text,omitempty"` // the line of the file, cut around the column
	caret   int    // characters before the column within Text
}

// Error is the problem in a few lines: place and problem, the line of the file, a caret, the remedy.
func (e *Error) Error() string {
	if e.Remedy == "" {
		return e.place()
	}
	return e.place() + "\n" + wrapped(e.Remedy, "      ")
}

// place is the problem without its remedy.
func (e *Error) place() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	b.WriteString(": ")
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	b.WriteString(e.Problem)
	if e.Text != "" {
		number := fmt.Sprintf("%5d", e.Line)
		fmt.Fprintf(&b, "\n%s | %s\n%s | %s^", number, e.Text, strings.Repeat(" ", len(number)),
			strings.Repeat(" ", e.caret))
	}
	return b.String()
}

// wide is how wide a remedy is written.
const wide = 96

// wrapped puts an indent before text and breaks it between words.
func wrapped(text, indent string) string {
	var b strings.Builder
	width := 0
	for _, word := range strings.Split(text, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case width == 0:
			b.WriteString(indent)
			width = len(indent)
		case width+1+n > wide:
			b.WriteString("\n" + indent)
			width = len(indent)
		default:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width += n
	}
	return b.String()
}

// Errors is every problem found in a spec, in the order of the file. It is what Parse returns when it
// refuses.
type Errors []*Error

// A terminal of 24 lines holds so many problems, and so many lines of them; the last line says how many more
// there are.
const (
	screen      = 5
	screenLines = 23
)

// maxErrors bounds what is kept: a person fixes a handful and runs again.
const maxErrors = 50

// Error is all problems on one screen. A remedy of several lines is not repeated.
func (e Errors) Error() string {
	var b strings.Builder
	lines := 0
	for i, problem := range e {
		text := problem.Error()
		if i > 0 && len(problem.Remedy) > wide && problem.Remedy == e[i-1].Remedy {
			text = problem.place()
		}
		lines += 1 + strings.Count(text, "\n")
		if i == screen || i > 0 && lines > screenLines {
			fmt.Fprintf(&b, "\n… and %d more", len(e)-i)
			break
		}
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(text)
	}
	return b.String()
}

// Unwrap gives the problems one by one.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i := range e {
		all[i] = e[i]
	}
	return all
}

// withRemedy is a problem found below the decoder, with its remedy.
type withRemedy struct{ problem, remedy string }

func (e *withRemedy) Error() string { return e.problem }

// Remedy is what to do about it.
func (e *withRemedy) Remedy() string { return e.remedy }

// remedyOf is what an error advises, or what to say when it advises nothing.
func remedyOf(err error, otherwise string) string {
	var a interface{ Remedy() string }
	if errors.As(err, &a) {
		return a.Remedy()
	}
	return otherwise
}

// inOrder sorts by place: the file first, then overrides in the order they were given.
func (e Errors) inOrder() {
	slices.SortStableFunc(e, func(a, b *Error) int {
		if a.File != b.File || a.Line == 0 || b.Line == 0 {
			return 0
		}
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
}

// excerpt cuts a line of the file to what fits beside its number, keeping the column in sight, and says how
// many characters come before the column.
func excerpt(line string, column int) (text string, caret int) {
	const width = 90
	runes := []rune(printable(line))
	caret = min(max(column-1, 0), len(runes))
	if len(runes) <= width {
		return string(runes), caret
	}
	from := max(0, min(caret-width/2, len(runes)-width))
	cut := runes[from : from+width]
	text, caret = string(cut), caret-from
	if from > 0 {
		text, caret = "…"+text, caret+1
	}
	if from+width < len(runes) {
		text += "…"
	}
	return text, caret
}

// printable makes text safe to print on a terminal: controls, tabs and bytes that are not UTF-8 become one
// visible character each.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return '→'
		case r == utf8.RuneError:
			return '\uFFFD'
		case r < 0x20 || r >= 0x7F && r < 0xA0 || r == 0x2028 || r == 0x2029 || r >= 0x202A && r <= 0x202E ||
			r >= 0x2066 && r <= 0x2069:
			return '·'
		}
		return r
	}, s)
}

// short is text for the middle of a sentence.
func short(s string) string {
	const width = 80
	return Clip(printable(s), width)
}
