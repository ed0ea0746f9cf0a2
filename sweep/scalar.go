package sweep

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// The type of a scalar without quotes is decided by its text. Where YAML 1.1 (which W&B's files are read
// with) and YAML 1.2 differ, what people mean wins: 1e-5 is a number in every file, yes and off are booleans
// as W&B reads them, and 010, which is 8 to one and 10 to the other, is refused.
var (
	decimal = regexp.MustCompile(`^[-+]?(0|[1-9][0-9_]*)$`)
	based   = regexp.MustCompile(`^[-+]?0(x[0-9a-fA-F_]+|o[0-7_]+|b[01_]+)$`)
	leading = regexp.MustCompile(`^[-+]?0[0-9_]+$`)
	float   = regexp.MustCompile(`^[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?$`)
	special = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
)

var (
	errLeadingZero = errors.New("a number with a leading zero is octal to some readers and decimal to others")
	errTooLarge    = errors.New("the number does not fit in 64 bits")
	errNUL         = errors.New("the text holds a NUL character, which no command or variable can carry")
	errOverflow    = errors.New("the number is too large for a 64-bit float")
)

// scalarValue is the Go value of a scalar node: nil, bool, int64, float64 or string.
func scalarValue(n *node) (Value, error) {
	if strings.IndexByte(n.text, 0) >= 0 {
		return nil, errNUL
	}
	if !n.plain {
		return n.text, nil
	}
	if n.null {
		return nil, nil
	}
	text := n.text
	const longest = 400 // digits of the longest float written out; longer texts are text
	if len(text) > longest {
		if strings.Trim(text, "0123456789_+-.eE") == "" {
			return nil, errTooLarge
		}
		return text, nil
	}
	switch text {
	case "", "~", "null", "Null", "NULL":
		return nil, nil
	case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON":
		return true, nil
	case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF":
		return false, nil
	}
	if !strings.ContainsRune("+-.0123456789", rune(text[0])) {
		return text, nil
	}
	digits := strings.ReplaceAll(text, "_", "")
	switch {
	case decimal.MatchString(text), based.MatchString(text):
		i, err := strconv.ParseInt(strings.TrimPrefix(digits, "+"), 0, 64)
		if err != nil {
			return nil, errTooLarge
		}
		return i, nil
	case leading.MatchString(text):
		return nil, errLeadingZero
	case float.MatchString(text):
		f, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			return nil, errOverflow
		}
		return f, nil
	case special.MatchString(text):
		switch strings.ToLower(text) {
		case ".nan":
			return math.NaN(), nil
		case "-.inf":
			return math.Inf(-1), nil
		}
		return math.Inf(1), nil
	}
	return text, nil
}
