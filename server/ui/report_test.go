package ui_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/server/ui"
	"github.com/kaon-sweep/kaon/sweep"
)

const hostile = `</script><script>alert(1)</script><!--<b onload="x">` + "\u2028 ' \" & \\"

// reported is a report whose every text is hostile.
func reported(t *testing.T, trials int) string {
	t.Helper()
	var out bytes.Buffer
	if err := reportOf(t, trials).Write(&out, hostile); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func reportOf(t *testing.T, trials int) ui.Report {
	t.Helper()
	b := board.New(board.Config{Sweep: "s", Trials: trials, Objective: sweep.Metric{Name: hostile, Goal: sweep.Minimize}})
	for i := range trials {
		params, err := json.Marshal(map[string]any{hostile: hostile, "lr": float64(i) / 7, "x": i})
		if err != nil {
			t.Fatal(err)
		}
		err = b.Fold(results.Record{Sweep: "s", Trial: i, Points: []results.Point{{Step: 1, Metrics: map[string]float64{hostile: math.Sin(float64(i))}}},
			End: &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1, Params: params, StartMs: 1, EndMs: 1001}})
		if err != nil {
			t.Fatal(err)
		}
	}
	c := export.NewColumns(b)
	for _, i := range export.Sample(b, trials) {
		one, _ := b.Trial(i)
		c.Add(one)
	}
	return ui.Report{Sweep: map[string]any{"sweep": hostile, "state": hostile, "metric": hostile, "goal": "minimize", "method": hostile, "sentence": hostile,
		"best": map[string]any{"trial": 2, "value": -0.5}}, Board: b.Summary(), Columns: c, Curves: export.Curves(b, 10), Failures: export.GroupFailures(b), Spec: hostile}
}

// What a trial or a spec says is data in a report: it ends no element, and nothing but the report's own script may run.
func TestAttackReport(t *testing.T) {
	page := reported(t, 20)
	if n := strings.Count(page, "<script"); n != 2 {
		t.Errorf("%d scripts", n)
	}
	if n := strings.Count(page, "</script>"); n != 2 || strings.Contains(page, "<script>alert") {
		t.Errorf("%d ends of scripts", n)
	}
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if policy == nil || !strings.Contains(policy[1], "default-src 'none'") || strings.Contains(policy[1], "unsafe") || strings.Count(policy[1], "'sha256-") != 2 {
		t.Errorf("policy %q", policy)
	}
	data := regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`).FindStringSubmatch(page)
	var back ui.Report
	if data == nil {
		t.Fatal("no data")
	}
	if err := json.Unmarshal([]byte(data[1]), &back); err != nil {
		t.Fatal(err)
	}
	if back.Spec != hostile || len(back.Columns.Trial) != 20 || back.Columns.Params[0].Values[3] != hostile && back.Columns.Params[1].Values[3] != hostile {
		t.Errorf("it came back as %q", fmt.Sprint(back.Spec, back.Columns.Params))
	}
}

// The modules of a report stand one after the other, each behind what it uses.
func TestReportHasItsModulesInOrder(t *testing.T) {
	page := reported(t, 1)
	declared := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^const (module\d+) = |^\s*const \{[^}]*\} = (module\d+);$`).FindAllStringSubmatch(page, -1) {
		switch {
		case m[1] != "" && declared[m[1]]:
			t.Errorf("%s is declared twice", m[1])
		case m[2] != "" && !declared[m[2]]:
			t.Errorf("%s is used before it is there", m[2])
		}
		declared[m[1]] = true // from where it begins: a module never uses itself
	}
	if len(declared) < 15 {
		t.Errorf("%d modules", len(declared))
	}
}

// A report is one file: it names no other, and no module is left in it.
func TestReportNeedsNothingElse(t *testing.T) {
	page := reported(t, 3)
	for _, never := range []string{"<link", ` src="`, "\nimport ", "\nexport ", "fetch(", "EventSource"} {
		if strings.Contains(page, never) {
			t.Errorf("a report has %q", never)
		}
	}
	if len(page) > 200_000 {
		t.Errorf("an empty report has %d bytes", len(page))
	}
}
