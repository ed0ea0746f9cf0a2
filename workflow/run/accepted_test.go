package run

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kaon-sweep/kaon/workflow"
)

// required are the outputs of a step that it has to put out.
func required(t *testing.T, wf *workflow.Workflow, step string) (names []string) {
	t.Helper()
	for _, s := range wf.Steps {
		if s.Name != step {
			continue
		}
		for _, o := range s.Outputs {
			if o.Required {
				names = append(names, o.Name)
			}
		}
	}
	return names
}

// What an earlier kaon accepted is read as that did: outputs may be missing, and it knew less of what types put out.
func TestAcceptedTextsAreReadAsBefore(t *testing.T) {
	const text = `
steps:
  check: {command: "true", outputs: [ok, reason]}
  call: {type: http, url: "http://127.0.0.1:1/"}
  tell: {type: notify, message: "${steps.check.outputs.reason} ${steps.call.outputs.next} ${steps.call.outputs.status == '200'} ${steps.check.board}"}
graph: check -> call -> tell
`
	wf, err := Parse("flow.yaml", []byte(text), workflow.Accepted(false))
	if err != nil {
		t.Fatal(err)
	}
	if names := required(t, wf, "check"); names != nil {
		t.Errorf("%q are required", names)
	}
	if _, err := Parse("flow.yaml", []byte(text)); err == nil {
		t.Error("a new text is taken that reads what is not there")
	}
}

// What is read back of a run, or a registered version, of this kaon's has the outputs that it has to put out.
func TestRequiredOutputsAreReadBack(t *testing.T) {
	const text = "steps:\n  a: {command: 'true', outputs: [x]}\n  b: {type: notify, message: '${steps.a.outputs.x}'}\ngraph: a -> b\n"
	wf, err := Parse("flow.yaml", []byte(text))
	if err != nil || !wf.Requires {
		t.Fatalf("%+v, %v", wf, err)
	}
	for _, requires := range []bool{true, false} {
		back, err := Parse("flow.yaml", []byte(text), workflow.Accepted(requires))
		if err != nil || len(required(t, back, "a")) > 0 != requires || back.Requires != requires {
			t.Errorf("read back with %v: %q, %v", requires, required(t, back, "a"), err)
		}
	}
}

// An output that the expression compares with nil may be missing.
func TestOutputsComparedWithNil(t *testing.T) {
	wf, err := Parse("flow.yaml", []byte(`
steps:
  check: {command: "true", outputs: [ok, reason, size]}
  tell: {type: notify, message: "${steps.check.outputs.reason == nil ? 'fine' : steps.check.outputs.reason} ${steps.check.outputs.ok}"}
  more: {type: notify, message: x, when: steps.check.outputs.size != nil}
graph: check -> tell -> more
`))
	if err != nil {
		t.Fatal(err)
	}
	if names := required(t, wf, "check"); len(names) != 1 || names[0] != "ok" {
		t.Errorf("%q are required", names)
	}
}

// The file of a sweep says what its winner has unless a step before may write it.
func TestSweepFilesThatStepsWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "flow.yaml")
	spec := "method: grid\nmetric: {name: y}\nparameters: {x: {values: [1]}}\ncommand: echo y=1\n"
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "sweep.yaml"), []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
	const steps = `
steps:
  gen: {command: "true"}
  search: {type: sweep, file: sweep.yaml}
  train: {type: notify, message: "${steps.search.winner.params.dropout}"}
graph: `
	for graph, good := range map[string]bool{"gen -> search -> train": true, "gen; search -> train": false} {
		if _, err := Parse(file, []byte(steps+graph+"\n"), ReadsFiles(file)); (err == nil) != good {
			t.Errorf("%s: %v", graph, err)
		}
	}
}
