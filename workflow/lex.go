package workflow

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a kind of token of an arrow expression; the signs are their own kinds.
type word string

const (
	end      word = "the end"
	name     word = "a name"
	then     word = "->"
	split    word = "==>"
	joins    word = ">=="
	forEach  word = "**"
	again    word = "++"
	begin    word = "--<"
	finished word = ">--"
)

// signs, the longer ones before what they begin with.
var signs = []word{split, joins, begin, finished, then, forEach, again, "(", ")", ",", ";", "=", "[", "]", "{", "}"}

// strangers are signs of other notations, and what is written here.
var strangers = []struct{ sign, remedy string }{
	{">>", "`a >> b` is written `a -> b` here"},
	{"<-", "write it the other way round: `a -> b`"},
	{"<<", "write it the other way round: `a -> b`"},
	{"-->", "an arrow is `->`"},
	{"=>", "an arrow is `->`, a split `==> (a, b) >== c`"},
	{"→", "an arrow is `->`"},
	{"|", "branches stand in ==> (a, b) >== c"},
	{"&", "branches stand in ==> (a, b) >== c"},
	{"*", "a for-each is **(x = list) --< … >--"},
	{"--", "a for-each is **(x = list) --< … >--"},
	{"-", "an arrow is `->`"},
	{">", "an arrow is `->`"},
}

type token struct {
	word word
	text string // of a name
	at   int    // in bytes
	end  int
}

// what is a token in an error.
func (t token) what() string {
	switch t.word {
	case end:
		return "the end"
	case name:
		return "`" + clipped(t.text) + "`"
	}
	return "`" + string(t.word) + "`"
}

// lexer cuts an arrow expression into tokens as the parser asks for them: expressions in it are not tokens.
type lexer struct {
	text string
	at   int
}

func (l *lexer) next() (token, error) {
	rest := strings.TrimLeftFunc(l.text[l.at:], unicode.IsSpace)
	l.at = len(l.text) - len(rest)
	if rest == "" {
		return token{word: end, at: l.at, end: l.at}, nil
	}
	if n := nameLength(rest); n > 0 {
		t := token{name, rest[:n], l.at, l.at + n}
		l.at += n
		return t, nil
	}
	const longer = 5 // strangers that begin with a sign of ours, or are longer than one
	if err := l.stranger(rest, longer); err != nil {
		return token{}, err
	}
	for _, s := range signs {
		if strings.HasPrefix(rest, string(s)) {
			t := token{s, string(s), l.at, l.at + len(s)}
			l.at += len(s)
			return t, nil
		}
	}
	if err := l.stranger(rest, len(strangers)); err != nil {
		return token{}, err
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return token{}, &problem{at: l.at, what: fmt.Sprintf("`%c` cannot stand in a graph", r),
		remedy: "names have letters, digits, _ and hyphens, and begin with a letter; signs are -> ==> ( , ) >== " +
			"**( … ) --< >--"}
}

// stranger refuses a sign of another notation, of the first so many.
func (l *lexer) stranger(rest string, first int) error {
	for _, s := range strangers[:first] {
		if strings.HasPrefix(rest, s.sign) {
			return &problem{at: l.at, what: fmt.Sprintf("`%s` is no sign of a graph", s.sign), remedy: s.remedy}
		}
	}
	return nil
}

// nameLength is how long a name at the beginning of a text is: letters, digits and _, hyphens and points between them,
// so that the hyphen of a->b is not part of it.
func nameLength(s string) int {
	n := 0
	for n < len(s) {
		c := s[n]
		switch {
		case letter(c) || n > 0 && c >= '0' && c <= '9':
			n++
		case n > 0 && (c == '-' || c == '.') && n+1 < len(s) && (letter(s[n+1]) || s[n+1] >= '0' && s[n+1] <= '9'):
			n += 2
		default:
			return n
		}
	}
	return n
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// isName says whether a text can be the name of a step; points are those of for-eaches.
func isName(s string) bool {
	return s != "" && len(s) <= longestName && nameLength(s) == len(s) && !strings.Contains(s, ".")
}

const longestName = 100 // bytes
