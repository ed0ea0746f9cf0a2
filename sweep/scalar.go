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
	decimal     = regexp.MustCompile(`^[-+]?(0|[1-9][0-9_]*)$`)
	based       = regexp.MustCompile(`^[-+]?0(x[0-9a-fA-F_]+|o[0-7_]+|b[01_]+)$`)
	leading     = regexp.MustCompile(`^[-+]?0[0-9_]+$`)
	float       = regexp.MustCompile(`^[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?$`)
	sexagesimal = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
	special     = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
)

var (
	errLeadingZero = errors.New("a number with a leading zero is octal to some readers and decimal to others")
	errTooLarge    = errors.New("the number does not fit in 64 bits")
	errNUL         = errors.New("the text holds a NUL character, which no command or variable can carry")
	errSexagesimal = errors.New("digits with colons are a number to the base of 60 to some readers (12:30 " +
		"is 750) and text to others")
	errTag      = errors.New("the text is not of the type that its tag names")
	errOverflow = errors.New("the number is too large for a 64-bit float")
)

// scalarValue is the Go value of a scalar node: nil, bool, int64, float64 or string.
func scalarValue(n *node) (Value, error) {
	if strings.IndexByte(n.text, 0) >= 0 {
		return nil, errNUL
	}
	if n.tag != "" {
		return tagged(n)
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
	case sexagesimal.MatchString(text):
		return nil, errSexagesimal
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

// tagged is the value of a scalar whose tag names its type, as !!float 0.
func tagged(n *node) (Value, error) {
	if n.tag == "!!null" {
		return nil, nil
	}
	bare := *n
	bare.tag, bare.plain, bare.null = "", true, false
	v, err := scalarValue(&bare)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case bool:
		if n.tag == "!!bool" {
			return v, nil
		}
	case int64:
		if n.tag == "!!float" {
			return float64(v), nil
		}
		if n.tag == "!!int" {
			return v, nil
		}
	case float64:
		if n.tag == "!!float" {
			return v, nil
		}
	}
	return nil, errTag
}

// pythonFloatText is what PyYAML, with which W&B reads commands, takes for a float: 1e-5 is text to it.
var pythonFloatText = regexp.MustCompile(`^[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+][0-9]+)?$`)

// literal is an item of a command list as W&B prints it: null is None, yes is True, 1.50 is 1.5, and text,
// also 1e-5, as it is written.
func literal(n *node) (string, error) {
	v, err := scalarValue(n)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case float64:
		if n.tag == "" && !pythonFloatText.MatchString(n.text) && !special.MatchString(n.text) {
			return n.text, nil
		}
	case int64:
		if n.tag == "" && strings.HasPrefix(strings.TrimLeft(n.text, "+-"), "0o") {
			return n.text, nil
		}
		return Format(v), nil
	}
	return Format(v), nil
}

func isInteger(n *node) bool {
	if n.kind != scalar {
		return false
	}
	v, _ := scalarValue(n)
	_, ok := v.(int64)
	return ok
}
