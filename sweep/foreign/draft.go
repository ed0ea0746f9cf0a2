package foreign

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/kaon-sweep/kaon/sweep"
)

// place is where in the other file something stands.
type place struct{ line, column int }

// draft is a piece of the sweep file in the making.
type draft struct {
	lines []string
	from  []place
}

// put adds a line; at is what it came from.
func (d *draft) put(at *sweep.Tree, format string, args ...any) {
	p := place{1, 1}
	if at != nil {
		p = place{at.Line, at.Column}
	}
	d.lines, d.from = append(d.lines, fmt.Sprintf(format, args...)), append(d.from, p)
}

// note adds a comment.
func (d *draft) note(indent, format string, args ...any) {
	line := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' { // it would end the comment
			return ' '
		}
		return r
	}, fmt.Sprintf(format, args...))
	d.put(nil, "%s# %s", indent, line)
}

func (d *draft) add(other *draft) {
	d.lines, d.from = append(d.lines, other.lines...), append(d.from, other.from...)
}

func (d *draft) empty() bool { return len(d.lines) == 0 }

// quote writes text as YAML that is text, whatever it looks like.
func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string has JSON
	return strings.TrimRight(b.String(), "\n")
}

// float writes a number so that it is read as one with a fraction.
func float(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// short12 is a number without what adding steps has put behind its 12th digit.
func short12(v float64) float64 {
	const digits = 12
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64) // it was written a moment ago
	return short
}

// number writes a number, a whole one without a fraction.
func number(v float64) string {
	const exact = 1 << 53
	if v == math.Trunc(v) && math.Abs(v) < exact {
		return strconv.FormatInt(int64(v), 10)
	}
	return float(v)
}
