package maestro

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow"
)

func TestReadsADefinition(t *testing.T) {
	src, err := os.ReadFile("testdata/everything.json")
	if err != nil {
		t.Fatal(err)
	}
	if !Is(src) {
		t.Fatal("it is no definition")
	}
	file, left, err := Read(src)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "testdata/everything.yaml", append(slices.Clone(file), "# "+strings.Join(left, "\n# ")+"\n"...))
	w, err := workflow.Read("everything.yaml", file)
	if err != nil {
		t.Fatal(err)
	}
	if len(w.Steps) != 5 || w.Parallel != 5 {
		t.Errorf("it has %d steps, %d at once", len(w.Steps), w.Parallel)
	}
}

// What would mean something else without a part of it is refused, with that part.
func TestRefusesWhatCannotBeCarried(t *testing.T) {
	with := func(steps string) string { return `{"workflow": {"id": "x", "steps": [` + steps + `]}}` }
	for src, want := range map[string]string{
		with(`{"step": {"id": "a", "type": "NoOp", "transition": {"successors": {"b": "new Date() > 3"}}}}, {"step": {"id": "b", "type": "NoOp"}}`): "steps.a.transition.b: `new Date() > 3`",
		with(`{"step": {"id": "a", "type": "NoOp", "transition": {"successors": {"b": "true"}}}}`):                                                  "no such step",
		with(`{"step": {"id": "a", "type": "NoOp", "transition": {"successors": {"a": "true"}}}}`):                                                  "in a circle",
		with(`{"step": {"id": "a", "type": "NoOp"}}, {"step": {"id": "a", "type": "NoOp"}}`):                                                        "there twice",
		with(`{"while": {"id": "w", "condition": "i < 3", "steps": []}}`):                                                                           "a while changes",
		with(`{"foreach": {"id": "f", "steps": []}}`):                                                                                               "no loop_params",
		with(`{"step": {"id": "s", "type": "Sleep", "params": {"sleep_seconds": {"expression": "nobody + 1"}}}}`):                                   "no parameter `nobody`",
		with(`{"step": {"id": "s", "type": "Sleep", "params": {"sleep_seconds": {"expression": "sleep_seconds + 1"}}}}`):                            "no parameter `sleep_seconds`",
		with(`{"step": {"id": "s", "type": "Sleep", "params": {"n": {"value": 7, "type": "LONG"}, "sleep_seconds": {"expression": "n / 2"}}}}`):     "Maestro divides whole numbers",
		with(`{"subworkflow": {"id": "s", "params": {"subworkflow_id": {"value": "../../etc/x"}}}}`):                                                "not known before",
		with(`{"step": {"id": "s", "type": "Titus", "params": {"titus": {"value": {"image": {"value": "a"}}}}}}`):                                   "no command",
		`{"workflow": {"id": "x"}}`: "no workflow.steps",
		`{"workflow": `:             "no JSON",
	} {
		if _, _, err := Read([]byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nis %v, want %q in it", src, err, want)
		}
	}
	for _, other := range []string{"", "steps:\n  a: {command: x}", `{"steps": {"a": {"command": "x"}}, "graph": "a"}`, `[1]`, `{"workflow": 3}`} {
		if Is([]byte(other)) {
			t.Errorf("%q is one", other)
		}
	}
}

// Whatever stands in a definition, what comes out is a file that can be read, or refused, and no text of it becomes an expression.
func FuzzRead(f *testing.F) {
	src, err := os.ReadFile("testdata/everything.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(src)
	f.Fuzz(func(t *testing.T, src []byte) {
		file, _, err := Read(src)
		if err == nil && !json.Valid(file) {
			t.Errorf("it is no JSON: %s", file)
		}
	})
}
