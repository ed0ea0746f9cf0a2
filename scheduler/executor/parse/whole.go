package parse

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNumber is how many bytes a number in text may have; nobody prints more digits.
const maxNumber = 1 << 10

var (
	numberStart = regexp.MustCompile(`^[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:nan|inf(inity)?)\b)`)
	// groupFirst is a number of up to three digits that groupNext says to be only the first group of a longer one: 1
	// 250.5.
	groupFirst = regexp.MustCompile(`^[+-]?[1-9]\d{0,2}$`)
	groupNext  = regexp.MustCompile(`^ (\d{2} )*\d{3}(\D|$)`)
	// ofAll is how counters are printed: 3/10, 3 of 10.
	ofAll = regexp.MustCompile(`^(\d+)[ \t]*(?:/|out of|of)[ \t]*\d+(?:[ \t,;|)\]]|$)`)
)

// wholeNumber reads the number that text begins with, in quotes or not. It gives none when what stands there
// goes on after it: the beginning of another number is a wrong number. 0,75 and 1,250.5 and 12:30, 3/10, 50%
// and 12ms are none.
func wholeNumber(text []byte) (string, bool) {
	if len(text) > 0 && (text[0] == '"' || text[0] == '\'') {
		end := bytes.IndexByte(text[1:min(len(text), maxNumber)], text[0])
		if end < 0 {
			return "", false
		}
		inside := string(bytes.TrimSpace(text[1 : 1+end]))
		_, ok := number(inside)
		after := text[2+end:]
		return inside, ok && ends(after) && !altered(inside, after)
	}
	token := string(numberStart.Find(text[:min(len(text), maxNumber)]))
	rest := text[len(token):]
	if strings.HasSuffix(token, ".") && bytes.HasPrefix(rest, []byte(".")) { // digits that were left out
		return "", false
	}
	if token == "" || !ends(rest) || altered(token, rest) {
		return "", false
	}
	if groupFirst.MatchString(token) && groupNext.Match(rest[:min(len(rest), 16)]) {
		return "", false
	}
	return token, true
}

// Punctuation after a number that is no part of it: what closes a bracket or a quotation; what separates
// values, unless another number follows at once, as in 0,75; and what ends a sentence, if that is the end.
const (
	closers    = ")]}>\"'`”’»）】」"
	separators = ",;|&<，；、。：！？"
	sentence   = ".:!?"
)

// ends tells whether a number is complete before rest.
func ends(rest []byte) bool {
	for closed, said := false, false; ; {
		r, n := utf8.DecodeRune(rest)
		after := rest[n:]
		switch {
		case n == 0 || r == ' ' || r >= '\t' && r <= '\r':
			return true
		case r == '\b': // it takes a digit away
			return false
		case r < ' ' || r == 0x7f: // nothing that is seen
		case strings.ContainsRune(closers, r):
			closed = true
		case said:
			return false
		case closed && strings.ContainsRune("([{<", r):
			return true
		case strings.ContainsRune(separators, r):
			return !numberNext(after)
		case strings.ContainsRune(sentence, r):
			said = true
		case r == '\\': // an escaped line: 0.5\n
			return len(after) > 0 && bytes.IndexByte([]byte(`nrt"'`), after[0]) >= 0
		default:
			return false
		}
		rest = after
	}
}

// numberNext tells whether text begins like a number.
func numberNext(text []byte) bool {
	text = bytes.TrimLeft(text[:min(len(text), 16)], "+-−.")
	r, _ := utf8.DecodeRune(text)
	return unicode.IsNumber(r) || numberStart.Match(text)
}

// looksLike tells whether a line gives one of the names a value with digits, as in JSON, Python or prose,
// whether or not it is a value that can be read.
func looksLike(line []byte, names []string) bool {
	for _, name := range names {
		if name == "" {
			continue
		}
		for from := 0; ; {
			i := bytes.Index(line[from:], []byte(name))
			if i < 0 {
				break
			}
			at := from + i
			if from = at + len(name); (at == 0 || !nameByte(line[at-1])) && given(line[from:]) {
				return true
			}
		}
	}
	return false
}

// opening is a word that has a value after it, however many blanks are between: ~ 0.5, tensor( 0.5.
var opening = regexp.MustCompile(`^(?:[^\pL\pN]+|.*[(\[{])$`)

// maxGiven is how many bytes of a value are looked through for a digit: a line may have a value at each other byte.
const maxGiven = 64

// given tells whether text, which stands after a name, gives it a value with a digit.
func given(text []byte) bool {
	text = text[:min(len(text), maxNumber)]
	if len(text) > 0 && (text[0] == '"' || text[0] == '\'') {
		text = text[1:]
	}
	text = bytes.TrimLeft(text, " \t")
	if len(text) == 0 || text[0] != ':' && text[0] != '=' {
		return false
	}
	text = bytes.TrimLeft(text[1:], " \t")
	if len(text) == 0 || text[0] == ':' || text[0] == '=' {
		return false
	}
	text = text[:min(len(text), maxGiven)]
	word := text
	if i := bytes.IndexAny(text, " \t"); i > 0 {
		if word = text[:i]; opening.Match(word) {
			word = text
		}
	}
	return hasDigit(word)
}
