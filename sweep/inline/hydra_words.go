package inline

import (
	"math"
	"strconv"
	"strings"
)

// hydraNumber writes a number without what adding steps has put behind its 12th digit.
func hydraNumber(x float64) string {
	const digits = 12
	if y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', digits, 64), 64); err == nil {
		x = y
	}
	if x == math.Trunc(x) && math.Abs(x) < 1e15 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// hydraWord is one override, and where it begins in the text.
type hydraWord struct {
	text string
	at   int
}

// hydraWords cuts overrides at blanks that are not within quotes, brackets or parentheses.
func hydraWords(text string) (words []hydraWord, err error) {
	for at := 0; at < len(text); {
		if strings.IndexByte(" \t\n", text[at]) >= 0 {
			at++
			continue
		}
		end, err := hydraEnd(text, at, " \t\n")
		if err != nil {
			return nil, err
		}
		words = append(words, hydraWord{text[at:end], at})
		at = end
	}
	return words, nil
}

// hydraEnd is where what begins at from ends: before one of the characters of ends, outside of quotes and brackets.
func hydraEnd(text string, from int, ends string) (int, error) {
	var open []byte
	closing := map[byte]byte{'(': ')', '[': ']', '{': '}'}
	for at := from; at < len(text); at++ {
		switch c := text[at]; {
		case c == '\\':
			at++
		case c == '\'' || c == '"':
			quote := at
			for at++; at < len(text) && text[at] != c; at++ {
				if text[at] == '\\' {
					at++
				}
			}
			if at >= len(text) {
				return 0, &Error{text, quote, "this quotation has no end", ""}
			}
		case closing[c] != 0:
			open = append(open, closing[c])
		case len(open) > 0 && c == open[len(open)-1]:
			open = open[:len(open)-1]
		case len(open) == 0 && strings.IndexByte(ends, c) >= 0:
			return at, nil
		case strings.IndexByte(")]}", c) >= 0:
			return 0, &Error{text, at, "this closes nothing", ""}
		}
	}
	if len(open) > 0 {
		return 0, &Error{text, from, "there is no `" + string(open[len(open)-1]) + "` to it", ""}
	}
	return len(text), nil
}
