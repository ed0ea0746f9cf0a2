package inline

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is what is wrong with one word of the command line.
type Error struct {
	Word    string // as it was given
	Offset  int    // in bytes, where the fault begins; below 0: it is of the whole word
	Problem string
	Remedy  string
}

// Error is the word, the problem, the place marked by a caret, and the remedy.
func (e *Error) Error() string {
	var b strings.Builder
	text, caret := excerpt(e.Word, e.Offset)
	if e.Offset < 0 {
		fmt.Fprintf(&b, "%s: %s", text, e.Problem)
	} else {
		column := utf8.RuneCountInString(e.Word[:min(e.Offset, len(e.Word))]) + 1
		fmt.Fprintf(&b, "%s: at character %d: %s\n      %s\n      %s^", text, column, e.Problem, text,
			strings.Repeat(" ", caret))
	}
	if e.Remedy != "" {
		b.WriteString("\n      " + e.Remedy)
	}
	return b.String()
}

// excerpt is a word fit for one line of a terminal, cut around an offset, and how many characters come before that.
func excerpt(word string, offset int) (text string, caret int) {
	const width = 80
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, word))
	caret = utf8.RuneCountInString(word[:min(max(offset, 0), len(word))])
	if len(runes) <= width {
		return string(runes), caret
	}
	from := max(0, min(caret-width/2, len(runes)-width))
	text, caret = string(runes[from:from+width]), caret-from
	if from > 0 {
		text, caret = "…"+text, caret+1
	}
	if from+width < len(runes) {
		text += "…"
	}
	return text, caret
}
