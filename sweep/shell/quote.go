package shell

import (
	"slices"
	"strings"
)

// safe is what a shell takes as it stands, whatever stands beside it.
const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:@%"

// Quote writes a word so that a POSIX shell reads it back unchanged, whatever it holds.
func Quote(word string) string {
	if word != "" && word[0] != '=' && strings.Trim(word, safe+",") == "" {
		return word
	}
	return QuoteAlways(word)
}

// QuoteAlways is Quote with quotes also around what needs none.
func QuoteAlways(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// quoting is where a macro stands in the text of one shell.
type quoting struct {
	mark byte // 0, '\'' or '"'
	bare bool // its words could be more than data without quotes: a keyword, an assignment, a descriptor
	join bool // it is a part of a longer word
	sum  bool // in arithmetic, where nothing but a whole number may stand
}

// place puts words where the macro stood: it leaves the quotes around it, adds each word quoted, and takes
// the quotes up again.
func (q quoting) place(words []string) string {
	if q.sum { // the words were found to be whole numbers
		if strings.HasPrefix(words[0], "-") {
			return "(" + words[0] + ")"
		}
		return words[0]
	}
	var b strings.Builder
	if q.mark != 0 {
		b.WriteByte(q.mark)
	}
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		// braces: {a,b} and {1..9}
		if q.bare || q.join && (strings.Contains(w, ",") || strings.Contains(w, "..")) {
			b.WriteString(QuoteAlways(w))
		} else {
			b.WriteString(Quote(w))
		}
	}
	if q.mark != 0 {
		b.WriteByte(q.mark)
	}
	return b.String()
}

// embed puts words where a macro stood that as many shells read as there are quotings, the outermost first.
func embed(words []string, depth []quoting) string {
	text := depth[len(depth)-1].place(words)
	for _, q := range slices.Backward(depth[:len(depth)-1]) {
		text = q.place([]string{text})
	}
	return text
}
