package workflow

import (
	"strings"
	"unicode"

	"github.com/kaon-sweep/kaon/sweep"
)

// placer finds the place in a file of a place in a text that stands there, perhaps in quotes or on several lines: the
// n-th character that is no space is the n-th in both.
type placer struct{ lines []string }

func newPlacer(src []byte) placer {
	return placer{strings.Split(strings.ReplaceAll(strings.TrimPrefix(string(src), "\ufeff"), "\r\n", "\n"), "\n")}
}

// locate is the line and column, from 1, of a byte of a scalar's text.
func (p placer) locate(t *sweep.Tree, at int) (line, column int) {
	if t.Line < 1 || t.Line > len(p.lines) {
		return t.Line, t.Column
	}
	skip := 0
	for _, r := range t.Text[:min(at, len(t.Text))] {
		if !unicode.IsSpace(r) {
			skip++
		}
	}
	line, column = t.Line, t.Column
	runes := []rune(p.lines[line-1])
	escapes, doubled := false, false
	if !t.Plain && column-1 < len(runes) {
		switch runes[column-1] {
		case '"':
			escapes = true
			column++
		case '\'':
			doubled = true
			column++
		case '|', '>':
			line, column = line+1, 1
		}
	}
	lastLine, lastColumn := line, column
	for ; line <= len(p.lines); line, column = line+1, 1 {
		runes = []rune(p.lines[line-1])
		for ; column <= len(runes); column++ {
			r := runes[column-1]
			wide := 1 // characters of the file for one of the text
			switch next := rune(0); {
			case column < len(runes) && (escapes && r == '\\' || doubled && r == '\''):
				if next = runes[column]; escapes || next == '\'' {
					wide = 2
				}
				if escapes && strings.ContainsRune("ntr ", next) {
					r = ' '
				}
			}
			if !unicode.IsSpace(r) {
				if skip == 0 {
					return line, column
				}
				skip--
				lastLine, lastColumn = line, column+wide
			}
			column += wide - 1
		}
		if skip == 0 && at >= len(t.Text) {
			break
		}
	}
	return lastLine, lastColumn
}
