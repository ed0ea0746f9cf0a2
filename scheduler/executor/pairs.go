package executor

import (
	"bytes"
	"regexp"
	"strings"
)

// pairs reads name=value pairs of the watched names out of a line of text, as Katib's collector does; step=N
// on the same line is the step. Spaces around the sign are allowed; a name must stand alone, so accuracy is
// not found in val-accuracy=1. The last pair of a name counts.
func pairs(line []byte, watched []string) (metrics map[string]float64, step int64, hasStep bool) {
	for at := 0; ; {
		i := bytes.IndexByte(line[at:], '=')
		if i < 0 {
			return metrics, step, hasStep
		}
		before, after := bytes.TrimRight(line[:at+i], " \t"), bytes.TrimLeft(line[at+i+1:], " \t")
		at += i + 1
		name := nameAt(before, watched)
		isStep := name == "" && nameAt(before, stepNames) != ""
		if name == "" && !isStep {
			continue
		}
		text := leadingNumber(after)
		x, ok := number(text)
		switch {
		case !ok:
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

var numberStart = regexp.MustCompile(`^[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:nan|inf(inity)?)\b)`)

func leadingNumber(text []byte) string {
	return string(numberStart.Find(text[:min(len(text), 64)]))
}

// filtered reads metrics by the user's regular expressions, each with two groups, name and value.
func filtered(line []byte, filters []*regexp.Regexp, watched []string) (metrics map[string]float64) {
	for _, f := range filters {
		for _, m := range f.FindAllSubmatch(line, maxMetrics) {
			x, ok := number(strings.TrimSpace(string(m[2])))
			name := strings.TrimSpace(string(m[1]))
			if !ok || len(name) > maxName || !wanted(name, watched) {
				continue
			}
			if metrics == nil {
				metrics = make(map[string]float64, 2)
			}
			if metrics[name] = x; len(metrics) == maxMetrics {
				return metrics
			}
		}
	}
	return metrics
}

func wanted(name string, watched []string) bool {
	if len(watched) == 0 {
		return name != ""
	}
	for _, w := range watched {
		if w == name {
			return true
		}
	}
	return false
}
