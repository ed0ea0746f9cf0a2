package inline

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

const number = `[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?`

var (
	// literal is a number that means the same to every reader: no leading zeros.
	literal = regexp.MustCompile(`^[-+]?((0|[1-9][0-9]*)(\.[0-9]+)?|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
	integer = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)

	dots  = regexp.MustCompile(`^(` + number + `)\.\.(` + number + `)(?:\.\.(` + number + `))?$`)
	tilde = regexp.MustCompile(`^(` + number + `)~(` + number + `)$`)

	// broken ranges: one end is a number, and the other is not.
	brokenEnd   = regexp.MustCompile(`^` + number + `(\.\.|~)(.+)$`)
	brokenLast  = regexp.MustCompile(`^` + number + `(\.\.)()$`)
	brokenFirst = regexp.MustCompile(`^()([^./]*)\.\.` + number + `$`)
)

// logRatio is from which ratio of its ends on A~B is searched by magnitude: two decades.
const logRatio = 100

// interval reads a range: A..B, A..B..STEP or A~B. It is not done when the element is none.
func (r Reader) interval(p *Parameter, word string, e element, kind string) (done bool, err error) {
	m, isTilde := dots.FindStringSubmatch(e.text), false
	if m == nil {
		if m, isTilde = tilde.FindStringSubmatch(e.text), true; m == nil {
			return false, broken(word, e)
		}
		m = append(m, "")
	}
	first, last, step := m[1], m[2], m[3]
	if step != "" && kind == "" {
		return false, nil // it is listed
	}
	if step != "" {
		return true, &Error{word, e.offset, "a range with steps is a list, which has no `:" + kind + "`",
			"leave the step or `:" + kind + "` out"}
	}
	low, high, err := ends(word, e, first, last)
	if err != nil {
		return true, err
	}
	whole := integer.MatchString(first) && integer.MatchString(last) && !isTilde
	log := kind == "log" || isTilde && kind == "" && low > 0 && high/low >= logRatio
	if log && low <= 0 {
		return true, &Error{word, e.offset, "a range by magnitude needs ends above 0, and this begins at " + first,
			"begin above 0, as " + p.Name + "=1e-6~" + last + ":log"}
	}
	if r.Finite && (!whole || log) {
		return true, &Error{word, e.offset, "this range has values without number, and all are to run",
			fmt.Sprintf("give a step, as %s=%s..%s..%s, or a list", p.Name, first, last, trim((high-low)/4))}
	}
	switch {
	case whole && log:
		p.keys = []*node{leaf("distribution", "q_log_uniform_values"), leaf("min", plain(first)),
			leaf("max", plain(last)), leaf("q", "1")}
	case whole:
		lowInt, errLow := strconv.ParseInt(first, 10, 64)
		highInt, errHigh := strconv.ParseInt(last, 10, 64)
		if errLow != nil || errHigh != nil {
			return true, &Error{word, e.offset, "an end of the range does not fit in 64 bits", "use smaller numbers"}
		}
		p.keys = []*node{leaf("min", plain(first)), leaf("max", plain(last))}
		p.count = uint64(highInt) - uint64(lowInt)
		if p.count < math.MaxUint64 {
			p.count++
		}
	case log:
		p.keys = []*node{leaf("distribution", "log_uniform_values"), leaf("min", float(first)),
			leaf("max", float(last))}
	default:
		p.keys = []*node{leaf("min", float(first)), leaf("max", float(last))}
	}
	return true, nil
}

// ends are the numbers of a range, in order.
func ends(word string, e element, first, last string) (low, high float64, err error) {
	low, errLow := strconv.ParseFloat(first, 64)
	high, errHigh := strconv.ParseFloat(last, 64)
	switch {
	case errLow != nil || errHigh != nil:
		return 0, 0, &Error{word, e.offset, "an end of the range is too large for a number", "use smaller numbers"}
	case low > high:
		return 0, 0, &Error{word, e.offset, fmt.Sprintf("the range begins at %s, above its end %s", first, last),
			"swap the two"}
	}
	return low, high, nil
}

// broken refuses what begins or ends as a range does and is none.
func broken(word string, e element) error {
	for _, form := range []*regexp.Regexp{brokenLast, brokenEnd, brokenFirst} {
		at := form.FindStringSubmatchIndex(e.text)
		if at == nil {
			continue
		}
		problem := "`" + e.text[at[4]:at[5]] + "` is no number"
		if at[4] == at[5] {
			problem = "an end of the range is missing"
		}
		return &Error{word, e.offset + at[4], problem,
			"ranges are 1..9, 0..1..0.25, 0.1~0.9, 1e-6~1e-2 and 32..256:log; to mean the text, quote it: '\"" +
				e.text + "\"'"}
	}
	return nil
}

// steps are the values of A..B as an item of a list, or of A..B..STEP, both ends included where the steps meet them.
func steps(word string, e element) (values []string, isRange bool, err error) {
	m := dots.FindStringSubmatch(e.text)
	if m == nil {
		if tilde.MatchString(e.text) {
			return nil, true, &Error{word, e.offset, "a range of floats is no item of a list",
				"give it alone, or as steps: 0.1..0.9..0.2"}
		}
		return nil, false, broken(word, e)
	}
	low, high, err := ends(word, e, m[1], m[2])
	if err != nil {
		return nil, true, err
	}
	step, places := 1.0, decimals(m[1])
	if m[3] != "" {
		places = max(places, decimals(m[3]))
		if step, err = strconv.ParseFloat(m[3], 64); err != nil || step <= 0 {
			return nil, true, &Error{word, e.offset + len(e.text) - len(m[3]), "the step is not above 0",
				"as 0..100..10"}
		}
	} else if !integer.MatchString(m[1]) || !integer.MatchString(m[2]) {
		return nil, true, &Error{word, e.offset, "a range of floats is no item of a list",
			"give it alone, or with a step: " + e.text + "..0.1"}
	}
	const slack = 1e-9 // of a step: 0.1 is none of a float's numbers
	count := math.Floor((high-low)/step+slack) + 1
	if count > maxValues {
		return nil, true, &Error{word, e.offset, fmt.Sprintf("these are more than %d values", maxValues),
			"use larger steps"}
	}
	if max(math.Abs(low), math.Abs(high)) > 1<<53 {
		return nil, true, &Error{word, e.offset, "an end of the range is too large to count to", "use smaller numbers"}
	}
	for i := range int(count) {
		values = append(values, strconv.FormatFloat(low+float64(i)*step, 'f', places, 64))
	}
	return values, true, nil
}

// decimals is how many digits a number has behind its point, were it written without an exponent.
func decimals(text string) int {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	_, fraction, _ := strings.Cut(mantissa, ".")
	shift, _ := strconv.Atoi(exponent)
	return min(max(len(fraction)-shift, 0), 17)
}

// plain is a number without what YAML's readers differ on.
func plain(text string) string { return strings.TrimPrefix(text, "+") }

// float is a number that a spec reads as a float.
func float(text string) string {
	text = plain(text)
	if sign, digits, found := strings.Cut(text, "."); found && strings.Trim(sign, "-") == "" {
		text = sign + "0." + digits
	}
	if !strings.ContainsAny(text, ".eE") {
		text += ".0"
	}
	return text
}

// inRange says whether a reader of the spec takes a number as it stands.
func inRange(text string) bool {
	if integer.MatchString(text) {
		_, err := strconv.ParseInt(strings.TrimPrefix(text, "+"), 10, 64)
		return err == nil
	}
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

// trim is a number for people.
func trim(x float64) string { return strconv.FormatFloat(x, 'g', 2, 64) }
