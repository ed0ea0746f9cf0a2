package main

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/shell"
)

// briefly is a parameter's value for people, on one line: as the command gets it, but for long numbers and what does
// not print.
func briefly(v sweep.Value) string {
	return escaped(sweep.Format(rounded(v)))
}

// rounded is a value whose numbers have six digits.
func rounded(v sweep.Value) sweep.Value {
	switch v := v.(type) {
	case float64:
		short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', format.Digits, 64), 64)
		if err != nil || v == math.Trunc(v) { // a whole one, or none
			return v
		}
		return short
	case []sweep.Value:
		all := slices.Clone(v)
		for i := range all {
			all[i] = rounded(all[i])
		}
		return all
	case sweep.Point:
		all := slices.Clone(v)
		for i := range all {
			all[i].Value = rounded(all[i].Value)
		}
		return all
	}
	return v
}

// longestValue is how much of a value is shown where it stands by itself.
const longestValue = 200

// shownValue is a value for a list of them: not whole when it is long.
func shownValue(v sweep.Value) string {
	text := briefly(v)
	short := shorten(text, longestValue)
	if short == text {
		return text
	}
	size := len(text)
	if s, ok := v.(string); ok {
		size = len(s)
	}
	return short + " (" + plural(size, "byte") + "; --json has all)"
}

// flat is the parameters of a point as JSON, groups unfolded; not ok when it is none.
func flat(raw json.RawMessage) (point sweep.Point, ok bool) {
	if len(raw) == 0 || json.Unmarshal(raw, &point) != nil {
		return nil, false
	}
	return point.Flat(), true
}

// params writes a point on one line: name=value words, as on a command line.
func params(raw json.RawMessage) string {
	point, ok := flat(raw)
	if !ok {
		return shorten(escaped(string(raw)), longestValue)
	}
	words := make([]string, 0, len(point))
	for _, p := range point {
		value := shownValue(p.Value)
		if strings.ContainsAny(value, " '\"") {
			value = shell.Quote(value)
		}
		words = append(words, escaped(p.Name)+"="+value)
	}
	return strings.Join(words, " ")
}

// pointTable collects the parameters of trials for a table with a column for each. Trials of one sweep may lack some,
// by `when`.
type pointTable struct {
	names []string
	rows  []sweep.Point
}

// add takes the parameters of the next line.
func (t *pointTable) add(raw json.RawMessage) {
	point, _ := flat(raw)
	t.rows = append(t.rows, point)
	after := 0
	for _, p := range point {
		i := slices.Index(t.names, p.Name)
		if i < 0 { // where the spec has it: after what stands before it
			i = after
			t.names = slices.Insert(t.names, i, p.Name)
		}
		after = i + 1
	}
}

// cells are the values of a line, one for each name.
func (t *pointTable) cells(row int) []any {
	out := make([]any, len(t.names))
	for i, name := range t.names {
		out[i] = "-"
		for _, p := range t.rows[row] {
			if p.Name == name {
				out[i] = briefly(p.Value)
			}
		}
	}
	return out
}

// heads are the names, as a table's first line has them.
func (t *pointTable) heads() []any {
	out := make([]any, len(t.names))
	for i, name := range t.names {
		out[i] = name
	}
	return out
}
