package steps

import (
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// What a wait is for is looked at before the run begins.
func TestWaitsAreChecked(t *testing.T) {
	for keys, want := range map[string]string{
		"{for: 10s}": "", "{for: 0.5}": "", "{for: 1h, every: 2s}": "every: `every` has no meaning beside `for`",
		"{for: soon}": "for: `soon` is no duration",
		"{for: -1s}":  "is no duration", "{for: [1]}": "for: one value is needed",
		"{until: 2027-01-31T12:00:00Z}": "", "{until: \"2027-01-31T12:00:00+02:00\"}": "", "{until: \"${x}\"}": "",
		"{until: 2027-01-31}": "until: `2027-01-31` is no time", "{until: 2027-13-31T12:00:00Z}": "is no time",
		"{file: data/in.csv, every: 10s}": "", "{file: data/*.csv}": "file: `data/*.csv` is a pattern",
		"{file: s3://bucket}": "names no object", "{file: s3://bucket/a/b}": "", "{file: ''}": "file: it is empty",
		"{file: a, every: often}": "every: `often` is no duration",
		"{signal: go}":            "", "{signal: a b}": "is no name of a signal",
		"{}": "not 0 of them", "{for: 1s, until: 2027-01-31T12:00:00Z}": "not 2 of them",
		"{run: nightly}": "",
		"{sweep: s-1, states: [succeeded, stopped]}": "", "{run: x, states: [done]}": "states: `done` is no state",
		"{file: a, states: [failed]}": "states: `states` has no meaning beside `file`",
	} {
		tree, err := sweep.ReadTree("w", []byte(keys))
		if err != nil && keys != "{}" {
			t.Fatal(err)
		}
		if tree == nil {
			tree = &sweep.Tree{Mapping: true}
		}
		var told []string
		wait{}.Check(tree, func(_ *sweep.Tree, field, problem, _ string) { told = append(told, field+": "+problem) })
		if got := strings.Join(told, "\n"); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: it says %q, want %q", keys, got, want)
		}
	}
}
