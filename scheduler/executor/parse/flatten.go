package parse

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
)

// Bounds of one line of metrics. They stop a 64 KiB line from becoming hundreds of megabytes of dotted names.
const (
	maxDepth   = 32   // nested objects
	maxMetrics = 1024 // metrics of one point
	maxName    = 256  // bytes of a name, dots included
)

var (
	errJSON   = errors.New("not a JSON object")
	errBounds = errors.New("more metrics, longer names or deeper nesting than a line may have")
)

// flattener reads one JSON object into numbers by dotted name. Beyond JSON it takes the literals NaN,
// Infinity and -Infinity that Python and JavaScript write, and what Python prints of a dict: python.go.
// Strings that hold a number count as it (Katib writes those), true and false as 1 and 0. Other strings,
// null and arrays are passed over.
type flattener struct {
	data    []byte
	at      int
	out     map[string]float64
	step    int64
	hasStep bool
	name    []byte
	note    *results.Note

	python  bool     // it has what JSON has not, and Python prints
	watched []string // names whose values are missed when they are no numbers
	missed  bool
	hide    *mask.Secrets // in what was written by escapes
}

// flatten reads line. The step is the top level's "step", or else its "_step" (W&B), which are no metrics;
// neither are "timestamp" and "_timestamp".
//
// A text under "milestone", and an object with a name and a value under "artifact", are no metrics but the
// line's note.
func flatten(line []byte) (Sample, error) {
	f := flattener{data: line}
	return f.flatten()
}

func (f *flattener) flatten() (Sample, error) {
	f.out = make(map[string]float64, 4)
	if f.space(); f.peek() != '{' {
		return Sample{}, errJSON
	}
	if err := f.object(0); err != nil {
		return Sample{}, err
	}
	if f.space(); f.at != len(f.data) {
		return Sample{}, errJSON
	}
	return Sample{Metrics: f.out, Step: f.step, HasStep: f.hasStep, Note: f.note}, nil
}

func (f *flattener) peek() byte {
	if f.at < len(f.data) {
		return f.data[f.at]
	}
	return 0
}

func (f *flattener) space() {
	for f.at < len(f.data) && bytes.IndexByte([]byte(" \t\r\n"), f.data[f.at]) >= 0 {
		f.at++
	}
}

func (f *flattener) take(c byte) bool {
	if f.space(); f.peek() != c || f.at == len(f.data) {
		return false
	}
	f.at++
	return true
}

// object reads from its brace to the closing one, its members' names prefixed by f.name.
func (f *flattener) object(depth int) error {
	if depth == maxDepth {
		return errBounds
	}
	f.at++
	if f.take('}') {
		return nil
	}
	for prefix := len(f.name); ; f.name = f.name[:prefix] {
		f.space()
		key, err := f.text()
		if err != nil {
			return err
		}
		if !f.take(':') {
			return errJSON
		}
		if prefix > 0 {
			f.name = append(f.name, '.')
		}
		f.name = append(f.name, key...)
		noted := false
		if depth == 0 && f.out != nil {
			if noted, err = f.noted(key); err != nil {
				return err
			}
		}
		if !noted {
			if err := f.value(depth); err != nil {
				return err
			}
		}
		f.name = f.name[:prefix]
		switch {
		case f.take(','):
		case f.take('}'):
			return nil
		default:
			return errJSON
		}
	}
}

func (f *flattener) value(depth int) error {
	f.space()
	switch c := f.peek(); c {
	case '{':
		return f.object(depth + 1)
	case '[', '(':
		start := f.at
		err := f.array(depth+1, closing[c])
		f.miss(err == nil && hasDigit(f.data[start:f.at]))
		return err
	case '"', '\'':
		s, err := f.text()
		if err != nil {
			return err
		}
		if x, ok := number(strings.TrimSpace(s)); ok && f.hide.Mask(s) == s {
			return f.set(x, s)
		}
		f.miss(hasDigit([]byte(s)))
		return nil
	default:
		start := f.at
		for f.at < len(f.data) && word(f.data[f.at]) {
			f.at++
		}
		s := string(f.data[start:f.at])
		if scalar.MatchString(s) && f.peek() == '(' {
			return f.scalar()
		}
		return f.literal(s)
	}
}

// closing is what ends a list, by what begins it.
var closing = map[byte]byte{'[': ']', '(': ')'}

// miss notes that a watched name has a value that looks like a number and is none.
func (f *flattener) miss(looks bool) {
	if looks && f.out != nil && len(f.watched) > 0 && wanted(string(f.name), f.watched) {
		f.missed = true
	}
}

// array is passed over, but must be well formed. What is inside adds no metrics.
func (f *flattener) array(depth int, end byte) error {
	if depth >= maxDepth {
		return errBounds
	}
	out, step, has := f.out, f.step, f.hasStep
	f.out = nil
	defer func() { f.out, f.step, f.hasStep = out, step, has }()
	f.at++
	if f.take(end) {
		return nil
	}
	for {
		if err := f.value(depth); err != nil {
			return err
		}
		switch {
		case f.take(','):
			if end == ')' && f.take(end) { // a tuple of one
				return nil
			}
		case f.take(end):
			return nil
		default:
			return errJSON
		}
	}
}

func word(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' ||
		c == '+' || c == '-' || c == '.'
}

func (f *flattener) literal(s string) error {
	switch s {
	case "null", "None":
		return nil
	case "true", "True":
		return f.set(1, s)
	case "false", "False":
		return f.set(0, s)
	}
	x, ok := number(s)
	if !ok || zeroFirst.MatchString(s) {
		return errJSON
	}
	return f.set(x, s)
}

// scalar reads the number in the brackets of a scalar, behind which its device or type may stand.
func (f *flattener) scalar() error {
	f.at++
	f.space()
	start := f.at
	for f.at < len(f.data) && word(f.data[f.at]) {
		f.at++
	}
	text := bytes.TrimSuffix(f.data[start:f.at], []byte(".")) // PyTorch's tensor(1.)
	if m := argument.Find(f.data[f.at:]); m != nil {
		f.at += len(m)
	}
	if !f.take(')') {
		return errJSON
	}
	return f.literal(string(text))
}

// zeroFirst is a number that JSON does not have, because to some 010 is 8.
var zeroFirst = regexp.MustCompile(`^[+-]?0\d`)

// text reads a string from its opening quote.
func (f *flattener) text() (string, error) {
	quote := f.peek()
	if quote != '"' && quote != '\'' {
		return "", errJSON
	}
	f.python = f.python || quote == '\''
	start := f.at
	for f.at++; f.at < len(f.data); f.at++ {
		switch f.data[f.at] {
		case '\\':
			f.at++
		case quote:
			f.at++
			return unquote(f.data[start:f.at])
		}
	}
	return "", errJSON
}

// unquote leaves the rare escapes to encoding/json.
func unquote(quoted []byte) (string, error) {
	plain := true
	for _, c := range quoted[1 : len(quoted)-1] {
		if c < 0x20 {
			return "", errJSON
		}
		plain = plain && c != '\\'
	}
	if plain {
		return strings.ToValidUTF8(string(quoted[1:len(quoted)-1]), "\uFFFD"), nil
	}
	if quoted[0] == '\'' {
		quoted = requoted(quoted)
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return "", errJSON
	}
	return s, nil
}

func (f *flattener) set(x float64, text string) error {
	if f.out == nil {
		return nil
	}
	switch string(f.name) {
	case "step", "_step":
		if step, ok := wholeStep(text, x); ok && (!f.hasStep || f.name[0] == 's') {
			f.step, f.hasStep = step, true
		}
		return nil
	case "timestamp", "_timestamp", "":
		return nil
	}
	if len(f.name) > maxName {
		return errBounds
	}
	name := f.hide.Mask(string(f.name)) // as it is in the end: escapes decoded, the parts joined
	if _, known := f.out[name]; !known && len(f.out) == maxMetrics {
		return errBounds
	}
	f.out[name] = x
	return nil
}

// number reads what counts as a number: Go's decimal floats and the names of NaN and the infinities, but
// neither hexadecimal nor underscores. Beyond the range of a double it is infinite.
func number(s string) (float64, bool) {
	if s == "" {
		return 0, false
	}
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" {
		return 0, false
	}
	if c := digits[0]; c != '.' && (c < '0' || c > '9') {
		switch strings.ToLower(digits) {
		case "nan":
			return math.NaN(), true
		case "inf", "infinity":
			if s[0] == '-' {
				return math.Inf(-1), true
			}
			return math.Inf(1), true
		}
		return 0, false
	}
	if strings.ContainsAny(digits, "_xXpP") {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil || errors.Is(err, strconv.ErrRange)
}

// wholeStep makes a step of a number: exact where 64 bits hold it, rounded down, held at the ends of the
// range; NaN is none.
func wholeStep(text string, x float64) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	switch x = math.Floor(x); {
	case math.IsNaN(x):
		return 0, false
	case x >= math.MaxInt64:
		return math.MaxInt64, true
	case x <= math.MinInt64:
		return math.MinInt64, true
	}
	return int64(x), true
}
