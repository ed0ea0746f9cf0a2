package sweep

import "github.com/goccy/go-yaml/token"

// reader turns YAML text into nodes, collecting problems.
type reader struct {
	file    string
	origin  string
	lines   []string
	problem *Errors
	anchors map[string]*node // nil while the anchor is still open
	nodes   int
	runes   []rune // of line runesAt
	runesAt int
	handles []string // that %TAG makes stand for YAML's own tags
	broken  bool     // a problem that makes the rest meaningless was reported
}

func (r *reader) fail(line, column int, problem, remedy string) {
	r.broken = true
	if len(*r.problem) < maxErrors {
		*r.problem = append(*r.problem,
			place(&Error{Line: line, Column: column, Problem: problem, Remedy: remedy}, r.file, r.origin,
				r.lines))
	}
}

// place fills in the file, or the --set argument, and the text of the line.
func place(e *Error, file, origin string, lines []string) *Error {
	e.File = file
	if origin != "" {
		e.File, e.Line, e.Column = "--set "+short(origin), 0, 0
		return e
	}
	if e.Line >= 1 && e.Line <= len(lines) {
		e.Text, e.caret = excerpt(lines[e.Line-1], e.Column)
	}
	return e
}

func position(t *token.Token) token.Position {
	if t == nil || t.Position == nil {
		return token.Position{Line: 1, Column: 1}
	}
	return *t.Position
}
