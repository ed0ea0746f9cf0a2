package parse

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What, after blanks, makes the number before it another one. A unit does not (12 ms is 12), unless it is
// itself a number (2 M, 3 dozen) or another part of the quantity follows it (1 h 30 min).
var (
	// altering begins with what only calculates: a percent sign, an operator with a number after it, a power.
	altering = regexp.MustCompile(`^(?:[%％٪﹪‰‱/÷⁄∕±]|\+/?-|[,.]\d|` +
		`(?:\*\*?|[×·⋅∙•✕✖^~≈:∶]|<<|\.{2,}|…|-+>|=>|[→⇒]|\\(?:times|cdot|pm)\b)` + nextNumber + `|` +
		`[-+−–—]\s+[-+−]?[\d.,]+(?:\s|$|[);])|[-+−–—]\s*[\d.]+[ij]\b|` +
		`\d+\s*(?:\^|\*\*|[⁰¹²³⁴-⁹]))`)
	// words are those that do. One that a value follows is a name: 1 k=3.
	words = regexp.MustCompile(`^(?:` +
		`[xX]` + nextNumber + `|(?:times|to|bis|of|out of|over|plus|minus)\s+` + nextNumber + `|` +
		`[eEdD]\s*[-+−–]?\s*\d+|` +
		`(?:[kKMGTPB]|[KMGTP]i|(?i:bn|mn|mln|mio|mrd|tsd|pct|percent|per cent|ppm|ppb|bps?|` +
		`(?:hundred|thousand|million|billion|trillion|dozen|lakh|crore)s?))\b\.?|` +
		`days?,?\s*\d+:\d\d(?::[\d.]+)?|` + // 1 day, 2:30:00
		`(?:h|hrs?|hours?|d|days?|m|mins?|minutes?|w|wks?|weeks?|s|ft|lbs?)[ \t]+\d+[ \t]*[a-z]+\b)`)
	nameAfter = regexp.MustCompile(`^[\w./|-]*\s*[=:]`)
	// signs are numbers that multiply the one before them: 3 万.
	signs = "万萬亿億兆千百π"

	fraction = regexp.MustCompile(`^\d{1,2}/\d{1,2}(?:\s|$|[),;])`) // 1 1/2
	integer  = regexp.MustCompile(`^[+-]?\d+$`)
	pointed  = regexp.MustCompile(`^\s+\d`) // 0. 75
)

const nextNumber = `\s*[-+−]?[.]?\d`

// altered tells whether what stands after token makes it another number.
func altered(token string, rest []byte) bool {
	rest = rest[:min(len(rest), maxNumber)]
	if strings.HasSuffix(token, ".") && pointed.Match(rest) {
		return true
	}
	next := bytes.TrimLeftFunc(rest, unicode.IsSpace)
	if len(next) == len(rest) || len(next) == 0 {
		return false
	}
	if r, _ := utf8.DecodeRune(next); r > unicode.MaxASCII && unicode.IsNumber(r) || strings.ContainsRune(signs, r) {
		return true
	}
	if altering.Match(next) || integer.MatchString(token) && fraction.Match(next) {
		return true
	}
	end := words.FindIndex(next)
	return end != nil && !nameAfter.Match(next[end[1]:])
}

// hasDigit tells whether text has a digit of any script, a fraction or the sign of infinity.
func hasDigit(text []byte) bool {
	return bytes.IndexFunc(text, func(r rune) bool { return unicode.IsNumber(r) || r == '∞' }) >= 0
}
