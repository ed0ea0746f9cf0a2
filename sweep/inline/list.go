package inline

import (
	"fmt"
	"strings"
)

// element is one item of a list of values.
type element struct {
	text   string
	offset int  // in the word, in bytes
	quoted bool // it is text, whatever it looks like
}

// kinds are the words that may stand behind the values.
var kinds = []string{"log", "uniform", "text", "nul"}

// split cuts the values of a word, from an offset on, at commas outside of quotes and brackets, and takes the kind off
// its end.
func split(word string, offset int) (items []element, kind string, err error) {
	rest := word[offset:]
	for i := 0; ; {
		e := element{offset: offset + i}
		if i < len(rest) && (rest[i] == '"' || rest[i] == '\'') {
			text, n, err := unquote(word, offset+i)
			if err != nil {
				return nil, "", err
			}
			e.text, e.quoted = text, true
			i += n
		} else {
			n, err := bare(word, offset+i)
			if err != nil {
				return nil, "", err
			}
			e.text = rest[i : i+n]
			i += n
		}
		if i < len(rest) && rest[i] == ',' {
			items = append(items, e)
			i++
			continue
		}
		switch {
		case e.quoted && i < len(rest):
			if kind = kindOf(rest[i:]); kind == "" {
				return nil, "", &Error{word, offset + i, "after the closing quote comes a comma or the end",
					"put the whole value between the quotes"}
			}
		case !e.quoted:
			if at := strings.LastIndexByte(e.text, ':'); at >= 0 {
				if kind = kindOf(e.text[at:]); kind != "" {
					e.text = e.text[:at]
				}
			}
		}
		return append(items, e), kind, nil
	}
}

// kindOf is the kind in ":kind"; empty: it is none.
func kindOf(suffix string) string {
	for _, k := range kinds {
		if suffix == ":"+k {
			return k
		}
	}
	return ""
}

// bare is the length of the value without quotes that begins at an offset: up to a comma outside of brackets.
func bare(word string, offset int) (int, error) {
	var open []int
	for i := offset; i < len(word); i++ {
		switch c := word[i]; {
		case c == '[' || c == '{':
			open = append(open, i)
		case (c == ']' || c == '}') && len(open) > 0:
			open = open[:len(open)-1]
		case c == ',' && len(open) == 0:
			return i - offset, nil
		}
	}
	if len(open) > 0 {
		return 0, &Error{word, open[0], fmt.Sprintf("this `%c` is not closed", word[open[0]]),
			"close it, or quote the value: '\"…\"'"}
	}
	return len(word) - offset, nil
}

// unquote reads the quoted text at an offset, and how many bytes it took. In double quotes a backslash makes the next
// character plain, \n a line's end and \t a tab; in single quotes all is as it stands.
func unquote(word string, offset int) (text string, length int, err error) {
	mark := word[offset]
	var b strings.Builder
	for i := offset + 1; i < len(word); i++ {
		switch c := word[i]; {
		case c == mark:
			return b.String(), i + 1 - offset, nil
		case c == '\\' && mark == '"' && i+1 < len(word):
			i++
			switch word[i] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			default:
				b.WriteByte(word[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, &Error{word, offset, fmt.Sprintf("this %c is not closed", mark),
		fmt.Sprintf("close it with another %c; the shell takes one pair of quotes off: %s", mark, `name='"a value"'`)}
}
