package foreign

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// pythonValue writes the literal of Python's that a text begins with as YAML in one line, tuples as lists. Rest is what
// stands behind it; not ok: it is none, as an expression.
func pythonValue(text string, depth int) (yaml, rest string, list, ok bool) {
	text = strings.TrimLeft(text, " \t\r\n")
	if text == "" || depth > mostNested {
		return "", text, false, false
	}
	switch c := text[0]; c {
	case '[', '(', '{':
		return pythonItems(text, depth)
	case '"', '\'':
		value, rest, ok := pythonText(text)
		return quote(value), rest, false, ok
	}
	end := strings.IndexAny(text, " \t\r\n,:()[]{}\"'")
	if end < 0 {
		end = len(text)
	}
	word := text[:end]
	if named, known := map[string]string{"True": "true", "False": "false", "None": "null"}[word]; known {
		word = named
	} else if !pythonNumber.MatchString(word) {
		return "", text, false, false
	}
	return strings.ReplaceAll(word, "_", ""), text[end:], false, true
}

// mostNested is how deep lists are in lists.
const mostNested = 32

var pythonNumber = regexp.MustCompile(`^[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|([0-9][0-9_]*)?\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|[0-9][0-9_]*\.?([eE][-+]?[0-9]+)|[0-9][0-9_]*\.)$`)

// pythonItems is a list, a tuple or a mapping.
func pythonItems(text string, depth int) (yaml, rest string, list, ok bool) {
	open := text[0]
	end := map[byte]string{'[': "]", '(': ")", '{': "}"}[open]
	var items []string
	comma, inner := false, false
	for rest = text[1:]; ; {
		if rest = strings.TrimLeft(rest, " \t\r\n"); strings.HasPrefix(rest, end) {
			break
		}
		if len(items) > 0 && !comma {
			return "", rest, false, false
		}
		item, behind, isList, ok := pythonValue(rest, depth+1)
		if !ok {
			return "", behind, false, false
		}
		behind = strings.TrimLeft(behind, " \t\r\n")
		if open == '{' {
			value, after, _, ok := pythonValue(strings.TrimPrefix(behind, ":"), depth+1)
			if !ok || !strings.HasPrefix(behind, ":") || !strings.HasPrefix(item, `"`) {
				return "", behind, false, false
			}
			item, behind = item+": "+value, strings.TrimLeft(after, " \t\r\n")
		}
		rest, comma = strings.CutPrefix(behind, ",")
		items, inner = append(items, item), isList
	}
	rest = rest[1:]
	all := strings.Join(items, ", ")
	switch {
	case open == '{':
		return "{" + all + "}", rest, false, true
	case open == '(' && len(items) == 1 && !comma: // brackets around one value
		return all, rest, inner, true
	}
	return "[" + all + "]", rest, true, true
}

// pythonText is what stands in quotes.
func pythonText(text string) (value, rest string, ok bool) {
	mark := text[:1]
	if strings.HasPrefix(text, strings.Repeat(mark, 3)) {
		return "", text, false
	}
	var b strings.Builder
	for rest = text[1:]; rest != ""; {
		switch {
		case strings.HasPrefix(rest, mark):
			return b.String(), rest[1:], true
		case rest[0] == '\n':
			return "", text, false
		case strings.HasPrefix(rest, `\'`), strings.HasPrefix(rest, `\"`):
			b.WriteByte(rest[1])
			rest = rest[2:]
		case strings.HasPrefix(rest, `\N`), strings.HasPrefix(rest, "\\\n"):
			return "", text, false
		case rest[0] == '\\':
			c, _, behind, err := strconv.UnquoteChar(rest, 0)
			if err != nil { // to Python the backslash stays
				c, behind = '\\', rest[1:]
			}
			b.WriteRune(c)
			rest = behind
		default:
			c, size := utf8.DecodeRuneInString(rest)
			b.WriteRune(c)
			rest = rest[size:]
		}
	}
	return "", text, false
}
