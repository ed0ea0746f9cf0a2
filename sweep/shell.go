package sweep

import "strings"

// Quote writes a word so that a POSIX shell reads it back unchanged, whatever it holds.
func Quote(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// splitShell cuts a shell command into text and macros, and notes the quotes each macro stands in, so that
// its value can be put there as data: 'x', "x" and x alike. Shell variables in capitals (${HOME}, ${N:-4})
// are left to the shell; `$${` is a plain `${`.
//
// Where the quoting cannot be told for certain without being a shell (backquotes, here-documents, $( )
// inside double quotes, $'…'), macros are refused rather than risked: a value must never run as code.
func splitShell(script string) ([]part, error) {
	sc := &shellScan{script: script}
	for sc.i < len(script) {
		if err := sc.step(); err != nil {
			return nil, err
		}
	}
	return append(sc.parts, part{text: sc.text.String()}), nil
}

type shellScan struct {
	script string
	i      int
	quote  byte
	murky  string // the construct that made the quoting uncertain
	parts  []part
	text   strings.Builder
}

func (s *shellScan) take(n int) {
	n = min(n, len(s.script)-s.i)
	s.text.WriteString(s.script[s.i : s.i+n])
	s.i += n
}

func (s *shellScan) step() error {
	rest := s.script[s.i:]
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "$${"):
		s.text.WriteString("${")
		s.i += 3
	case strings.HasPrefix(rest, "${"):
		return s.brace(rest)
	case s.quote == '\'':
		if c == '\'' {
			s.quote = 0
		}
		s.take(1)
	case c == '\\':
		s.take(2)
	case c == '`':
		s.doubt("backquotes")
		s.take(1)
	case s.quote == '"':
		switch {
		case c == '"':
			s.quote = 0
		case strings.HasPrefix(rest, "$("):
			s.doubt("$( ) inside double quotes")
		}
		s.take(1)
	case c == '\'' || c == '"':
		s.quote = c
		s.take(1)
	case strings.HasPrefix(rest, "<<"):
		s.doubt("a here-document")
		s.take(2)
	case strings.HasPrefix(rest, "$'"):
		s.doubt("$'…'")
		s.take(2)
	case c == '#' && s.wordStart():
		end := strings.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		s.take(end)
	default:
		s.take(1)
	}
	return nil
}

func (s *shellScan) doubt(construct string) {
	if s.murky == "" {
		s.murky = construct
	}
}

func (s *shellScan) wordStart() bool {
	return s.i == 0 || strings.IndexByte(" \t\n;&|(", s.script[s.i-1]) >= 0
}

// brace handles ${…}: a macro, or the shell's own variable.
func (s *shellScan) brace(rest string) error {
	end := strings.IndexByte(rest, '}')
	if end < 0 {
		return &advised{"a ${ is not closed", "close the macro with }, or write $${ for a plain ${"}
	}
	inner := rest[2:end]
	if shellVariable.MatchString(inner) {
		if strings.ContainsAny(inner, "'\"`${") {
			s.doubt("quotes inside ${" + short(inner) + "}")
		}
		s.take(end + 1)
		return nil
	}
	m, err := parseMacro(inner)
	if err != nil {
		return err
	}
	if s.murky != "" {
		return &advised{
			m.String() + " stands after " + s.murky + ", where its value cannot be quoted safely",
			"use the environment ($KAON_PARAM_<NAME>, $KAON_PARAMS), move it before that, or write the command as a list",
		}
	}
	s.parts = append(s.parts, part{text: s.text.String()}, part{macro: &m, quote: s.quote})
	s.text.Reset()
	s.i += end + 1
	return nil
}

// inQuotes puts words where a macro stood: it leaves the quotes around it, adds each word quoted, and takes
// the quotes up again.
func inQuotes(words []string, quote byte) string {
	var b strings.Builder
	if quote != 0 {
		b.WriteByte(quote)
	}
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(Quote(w))
	}
	if quote != 0 {
		b.WriteByte(quote)
	}
	return b.String()
}
