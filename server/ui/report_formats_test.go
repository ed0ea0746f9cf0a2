package ui_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/export"
)

// A report as a picture is XML that is well formed and has nothing in it that runs or loads, whatever trials say.
func TestAttackReportAsSVG(t *testing.T) {
	for _, trials := range []int{0, 1, 50, 9000} {
		var out bytes.Buffer
		if err := reportOf(t, trials).WriteSVG(&out); err != nil {
			t.Fatal(err)
		}
		dots := 0
		for d := xml.NewDecoder(&out); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%d trials: %v", trials, err)
			}
			e, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			switch e.Name.Local {
			case "svg", "title", "rect", "text", "path":
			case "circle":
				dots++
			default:
				t.Errorf("%d trials: an element %s", trials, e.Name.Local)
			}
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Name.Local, "href") || strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("%d trials: %s has %s=%q", trials, e.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
		if trials == 50 && dots < 50 || dots > 4*3000 {
			t.Errorf("%d trials: %d dots", trials, dots)
		}
	}
}

// A report in Markdown has no markup but its own: cells stay cells, and the spec stays in its block.
func TestAttackReportAsMarkdown(t *testing.T) {
	r := reportOf(t, 30)
	r.Spec = "a: 1\n```\n# <script>\n````\n"
	r.Failures = export.Failures{Failed: 1, Groups: []export.Failure{{Reason: "a | b\n| c", Line: "[x](javascript:y) `q` <img src=x>", Count: 1, Trials: []int{3}}}}
	var out bytes.Buffer
	if err := r.WriteMarkdown(&out); err != nil {
		t.Fatal(err)
	}
	before, spec, found := strings.Cut(out.String(), "`````yaml\n")
	if !found || !strings.HasPrefix(spec, "a: 1\n```\n# <script>\n````\n`````\n") {
		t.Fatalf("the spec is not in a fence of its own: %s", out.String())
	}
	if strings.Contains(before, "<script") || strings.Contains(before, "<img") || strings.Contains(before, "[x](") {
		t.Errorf("markup: %s", before)
	}
	for _, want := range []string{`| 1 | a \| b \| c | \[x\](javascript:y) \` + "`q\\`" + ` &lt;img src=x> | 3 |`, "## Best\n", "in trial 2", "## Failures"} {
		if !strings.Contains(before, want) {
			t.Errorf("no %s in %s", want, before)
		}
	}
}

// A value that is no finite number is left out of a picture of numbers, and among names every value is one.
func TestReportAsSVGOfMixedValues(t *testing.T) {
	r := reportOf(t, 30)
	metric := export.Column{Name: "acc"}
	for i := range 30 {
		var v any = results.Number(1000 + i)
		if i == 3 {
			v = results.Number(math.NaN())
		}
		metric.Values = append(metric.Values, v)
	}
	r.Columns.Metrics = append(r.Columns.Metrics, metric)
	r.Board.Goals = []string{"acc", hostile}
	for i := range r.Columns.Params {
		if p := &r.Columns.Params[i]; p.Name == "lr" {
			p.Order = []any{"auto", int64(70)}
			for row := range p.Values {
				p.Values[row] = []any{int64(20), int64(70), "auto"}[row%3]
			}
		} else if p.Name == "x" {
			p.Values[0], p.Values[1] = -math.MaxFloat64, math.MaxFloat64
		}
	}
	var out bytes.Buffer
	if err := r.WriteSVG(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.Contains(text, "NaN") || !strings.Contains(text, ">1010<") {
		t.Error("the trade-off is not over the finite numbers")
	}
	names, _, _ := strings.Cut(text, ">lr</text>")
	names = names[strings.LastIndex(names, "<rect"):]
	auto, listed, other := strings.Index(names, ">auto<"), strings.Index(names, ">70<"), strings.Index(names, ">20<")
	if auto > listed || listed > other {
		t.Errorf("not in the order of the spec, what it does not list behind:\n%s", names)
	}
	for _, name := range []string{">70<", ">20<", ">auto<"} {
		if !strings.Contains(names, name) {
			t.Errorf("the axis of names lacks %s: %s", name, names)
		}
	}
}
