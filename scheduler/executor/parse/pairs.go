package parse

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// pairs reads name=value pairs of the watched names out of a line of text, as Katib's collector does; step=N
// on the same line is the step. Spaces around the sign are allowed; a name must stand alone, so accuracy is
// not found in val-accuracy=1. The last pair of a name counts. missed tells that a name has a value that is
// no number, or goes on after one.
func pairs(line []byte, watched []string) (metrics map[string]float64, step int64, hasStep, missed bool) {
	for at := 0; ; {
		i := bytes.IndexByte(line[at:], '=')
		if i < 0 {
			return metrics, step, hasStep, missed
		}
		before, after := bytes.TrimRight(line[:at+i], " \t"), bytes.TrimLeft(line[at+i+1:], " \t")
		at += i + 1
		name := nameAt(before, watched)
		isStep := name == "" && nameAt(before, stepNames) != ""
		if name == "" && !isStep {
			continue
		}
		text, ok := wholeNumber(after)
		if !ok && isStep {
			text, ok = countedStep(after)
		}
		x, isNumber := number(text)
		switch {
		case !ok || !isNumber:
			missed = missed || !isStep && given(line[at-1:])
		case isStep:
			step, hasStep = wholeStep(text, x)
		default:
			if metrics == nil {
				metrics = make(map[string]float64, 2)
			}
			metrics[name] = x
		}
	}
}

var stepNames = []string{"step", "_step"}

// nameAt returns the watched name that text ends with, if it stands alone there.
func nameAt(text []byte, watched []string) string {
	for _, name := range watched {
		n := len(text) - len(name)
		if n >= 0 && string(text[n:]) == name && (n == 0 || !nameByte(text[n-1])) {
			return name
		}
	}
	return ""
}

// nameByte tells the bytes that join what stands beside them to a longer name.
func nameByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 ||
		c == '_' || c == '-' || c == '.' || c == '/' || c == '|'
}

// countedStep reads the first number of a counter, 3 of 3/10.
func countedStep(text []byte) (string, bool) {
	if m := ofAll.FindSubmatch(text[:min(len(text), 64)]); m != nil {
		return string(m[1]), true
	}
	return "", false
}

// filtered reads metrics by the user's regular expressions, each with two groups, name and value. A value
// that the expression leaves where the number goes on, as Katib's own does with 0,75, is missed.
func filtered(
	line []byte, filters []*regexp.Regexp, watched []string,
) (metrics map[string]float64, missed bool) {
	for _, f := range filters {
		for _, m := range f.FindAllSubmatchIndex(line, maxMetrics) {
			if m[2] < 0 || m[4] < 0 {
				continue
			}
			name := strings.TrimSpace(string(line[m[2]:m[3]]))
			text := strings.TrimSpace(string(line[m[4]:m[5]]))
			x, ok := number(text)
			if len(name) > maxName || !wanted(name, watched) {
				continue
			}
			if ok && m[5] == m[1] { // nothing after it was looked at
				_, ok = wholeNumber(bytes.TrimSpace(line[m[4]:]))
			}
			if !ok {
				missed = missed || hasDigit([]byte(text))
				continue
			}
			if metrics == nil {
				metrics = make(map[string]float64, 2)
			}
			if metrics[name] = x; len(metrics) == maxMetrics {
				return metrics, missed
			}
		}
	}
	return metrics, missed
}

func wanted(name string, watched []string) bool {
	if len(watched) == 0 {
		return name != ""
	}
	return slices.Contains(watched, name)
}
