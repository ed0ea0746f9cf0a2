package prometheus

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Sample is the value of one series.
type Sample struct {
	Name   string // of the metric, without labels
	Series string // with its labels in order: loss{phase="val"}
	Value  float64
	Time   string // as it is written; empty: none
}

// ErrFormat is of a text that is not in Prometheus' format.
var ErrFormat = errors.New("not the text format of Prometheus")

// Parse reads a text: each of its series with its last value, in order. What client libraries say of the program's
// process, of how values are distributed and of when a series began is left out unless it is watched. A text with a
// wrong line is wrong as a whole: there is no telling what it was to be.
func Parse(text string, watched []string) ([]Sample, error) {
	types, seen := map[string]string{}, map[string]int{}
	var all []Sample
	for line := range strings.Lines(text) {
		line = strings.Trim(line, " \t\r\n")
		switch {
		case line == "# EOF":
			return all, nil
		case line == "":
			continue
		case line[0] == '#':
			if words := strings.Fields(line); len(words) == 4 && words[1] == "TYPE" {
				types[words[2]] = words[3]
			}
			continue
		}
		s, err := parseSample(line)
		if err != nil {
			return nil, err
		}
		if unasked(s, types) && !slices.Contains(watched, s.Series) && !slices.Contains(watched, s.Name) {
			continue
		}
		if at, again := seen[s.Series]; again {
			all[at] = s
			continue
		}
		seen[s.Series] = len(all)
		all = append(all, s)
	}
	return all, nil
}

// ofProcess are how names begin that client libraries give to what they say of the process itself.
var ofProcess = []string{"process_", "python_", "go_", "jvm_", "nodejs_", "promhttp_", "ruby_", "dotnet_"}

// unasked tells what nobody has asked for: series that come with a client library, buckets, quantiles.
func unasked(s Sample, types map[string]string) bool {
	for _, p := range ofProcess {
		if strings.HasPrefix(s.Name, p) {
			return true
		}
	}
	if base, ok := strings.CutSuffix(s.Name, "_bucket"); ok &&
		(types[base] == "histogram" || types[base] == "gaugehistogram") {
		return true
	}
	if base, ok := strings.CutSuffix(s.Name, "_created"); ok { // prometheus_client calls these gauges
		return types[base] != "" || types[base+"_total"] != "" || types[s.Name] == "gauge"
	}
	return types[s.Name] == "summary" || types[s.Name] == "info" || types[strings.TrimSuffix(s.Name, "_info")] == "info"
}

// reader is a line being read.
type reader struct {
	rest string
}

func (r *reader) space() { r.rest = strings.TrimLeft(r.rest, " \t") }

func (r *reader) take(c string) (ok bool) {
	r.space()
	r.rest, ok = strings.CutPrefix(r.rest, c)
	return ok
}

// word is a name: letters, digits, _ and, of a metric, colons.
func (r *reader) word() string {
	r.space()
	n := 0
	for n < len(r.rest) {
		c := r.rest[n]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':'
		if !letter && (c < '0' || c > '9' || n == 0) {
			break
		}
		n++
	}
	word := r.rest[:n]
	r.rest = r.rest[n:]
	return word
}

// quoted is a text in quotes, whose escapes are \\, \" and \n.
func (r *reader) quoted() (text string, ok bool) {
	if !r.take(`"`) {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case c == '"':
			r.rest = r.rest[i+1:]
			return b.String(), utf8.ValidString(b.String())
		case c == '\\' && i+1 < len(r.rest):
			if i++; r.rest[i] == 'n' {
				b.WriteByte('\n')
				continue
			}
			if r.rest[i] != '\\' && r.rest[i] != '"' {
				b.WriteByte('\\')
			}
			b.WriteByte(r.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// parseSample reads a line: a name, labels, the value, a time, and an exemplar, which is passed over. A name that is no
// word stands in quotes before the labels.
func parseSample(line string) (s Sample, err error) {
	r := &reader{line}
	s.Name = r.word()
	var labels []string
	if r.take("{") {
		for !r.take("}") {
			name, quotes := r.quoted()
			if !quotes {
				name = r.word()
			}
			switch {
			case r.take("="):
				value, ok := r.quoted()
				if !ok || name == "" {
					return s, ErrFormat
				}
				labels = append(labels, written(name)+"="+quote(value))
			case quotes && s.Name == "" && len(labels) == 0:
				s.Name = name
			default:
				return s, ErrFormat
			}
			if !r.take(",") && !strings.HasPrefix(strings.TrimLeft(r.rest, " \t"), "}") {
				return s, ErrFormat
			}
		}
	}
	before, _, _ := strings.Cut(r.rest, "#")
	words := strings.Fields(before)
	if s.Name == "" || len(words) < 1 || len(words) > 2 {
		return s, ErrFormat
	}
	if s.Value, err = strconv.ParseFloat(words[0], 64); err != nil && !errors.Is(err, strconv.ErrRange) ||
		strings.ContainsAny(words[0], "_xXpP") {
		return s, ErrFormat
	}
	if len(words) == 2 {
		if _, err := strconv.ParseFloat(words[1], 64); err != nil {
			return s, ErrFormat
		}
		s.Time = words[1]
	}
	s.Series = s.Name
	if len(labels) > 0 {
		slices.Sort(labels)
		s.Series += "{" + strings.Join(labels, ",") + "}"
	}
	return s, nil
}

// written is the name of a label: in quotes when it is no word.
func written(name string) string {
	r := &reader{name}
	if r.word() == name {
		return name
	}
	return quote(name)
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
