package sweep

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// W&B's agent is a Python program and formats values with str() and json.dumps; training scripts parse what
// those print. These functions print the same.

// Format is how a value is written on a command line, as Python's str() prints it: True, 1e-05, [1, 'a'],
// {'lr': 0.1}; a string stands as it is.
func Format(v Value) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(appendRepr(nil, v))
}

// appendRepr is Python's repr().
func appendRepr(buf []byte, v Value) []byte {
	switch v := v.(type) {
	case bool:
		if v {
			return append(buf, "True"...)
		}
		return append(buf, "False"...)
	case int64:
		return strconv.AppendInt(buf, v, 10)
	case float64:
		return append(buf, pythonFloat(v)...)
	case string:
		return appendReprString(buf, v)
	case []Value:
		return appendList(buf, v, appendRepr)
	case Point:
		return appendMapping(buf, v, appendRepr)
	}
	return append(buf, "None"...)
}

// appendList and appendMapping put Python's brackets around what the writer of one value, repr or JSON, makes
// of the parts.
func appendList(buf []byte, list []Value, write func([]byte, Value) []byte) []byte {
	buf = append(buf, '[')
	for i, item := range list {
		if i > 0 {
			buf = append(buf, ", "...)
		}
		buf = write(buf, item)
	}
	return append(buf, ']')
}

func appendMapping(buf []byte, p Point, write func([]byte, Value) []byte) []byte {
	buf = append(buf, '{')
	for i, param := range p {
		if i > 0 {
			buf = append(buf, ", "...)
		}
		buf = write(buf, param.Name)
		buf = append(buf, ": "...)
		buf = write(buf, param.Value)
	}
	return append(buf, '}')
}

func appendReprString(buf []byte, s string) []byte {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	buf = append(buf, quote)
	for _, r := range s {
		switch {
		case r == '\\' || r == rune(quote):
			buf = append(buf, '\\', byte(r))
		case r == '\n':
			buf = append(buf, `\n`...)
		case r == '\r':
			buf = append(buf, `\r`...)
		case r == '\t':
			buf = append(buf, `\t`...)
		case r < 0x20 || r == 0x7f:
			buf = append(buf, '\\', 'x', hex[r>>4], hex[r&15])
		default:
			buf = utf8.AppendRune(buf, r)
		}
	}
	return append(buf, quote)
}

const hex = "0123456789abcdef"

// pythonFloat is Python's repr of a float: the shortest digits that read back, with an exponent below 1e-4
// and from 1e16 on, and always recognisable as a float.
func pythonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// pythonJSON is json.dumps with its defaults: a space after commas and colons, ASCII only.
func pythonJSON(v Value) []byte { return appendJSON(nil, v) }

func appendJSON(buf []byte, v Value) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(buf, v)
	case int64:
		return strconv.AppendInt(buf, v, 10)
	case float64:
		switch {
		case math.IsNaN(v):
			return append(buf, "NaN"...)
		case math.IsInf(v, 1):
			return append(buf, "Infinity"...)
		case math.IsInf(v, -1):
			return append(buf, "-Infinity"...)
		}
		return append(buf, pythonFloat(v)...)
	case string:
		return appendJSONString(buf, v)
	case []Value:
		return appendList(buf, v, appendJSON)
	case Point:
		return appendMapping(buf, v, appendJSON)
	}
	return append(buf, "null"...)
}

func appendJSONString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			buf = append(buf, '\\', byte(r))
		case r == '\n':
			buf = append(buf, `\n`...)
		case r == '\r':
			buf = append(buf, `\r`...)
		case r == '\t':
			buf = append(buf, `\t`...)
		case r == '\b':
			buf = append(buf, `\b`...)
		case r == '\f':
			buf = append(buf, `\f`...)
		case r < 0x20 || r >= 0x7f && r < 0x10000:
			buf = appendEscape(buf, r)
		case r >= 0x10000:
			r -= 0x10000
			buf = appendEscape(appendEscape(buf, 0xd800+r>>10), 0xdc00+r&0x3ff)
		default:
			buf = append(buf, byte(r))
		}
	}
	return append(buf, '"')
}

func appendEscape(buf []byte, r rune) []byte {
	return append(buf, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
