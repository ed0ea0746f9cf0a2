package run

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// What a sweep step puts out is known before it runs.
func TestOutputsOfSweeps(t *testing.T) {
	const file = "steps:\n  tune: {type: sweep, file: sweep.yaml}\n" +
		"  use: {command: [echo, \"${steps.tune.%}\"], after: tune}\n"
	for path, want := range map[string]string{
		"outputs.value": "", "outputs.params.lr": "", "outputs.sweep": "", "winner.params.lr": "",
		"outputs.winner.params.lr": "step `tune` puts out no `winner`",
		"outputs.valve":            "did you mean `value`?",
	} {
		_, err := workflow.Read("f.yaml", []byte(strings.Replace(file, "%", path, 1)), workflow.WithTypes(Types()))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// A winner's fields and parameters are known before its sweep runs, where that stands in the step or
// in a file.
func TestFieldsOfWinners(t *testing.T) {
	folder := t.TempDir()
	const spec = "{method: grid, parameters: {lr: {values: [1]}, opt: {parameters: {beta: {value: 1}}}}, " +
		"command: 'true'}"
	if err := os.WriteFile(filepath.Join(folder, "sweep.yaml"), []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
	const text = "parameters: {f: sweep.yaml}\nsteps:\n  tune: {type: sweep, %s}\n  use: {%s, after: tune}\n"
	inline, file := "spec: "+spec, "file: sweep.yaml"
	message := func(text string) string { return "type: notify, message: '" + text + "'" }
	command := func(text string) string { return "type: command, command: [train, '" + text + "']" }
	for _, c := range []struct{ sweep, step, want string }{
		{inline, message("${winner.params.lr}"), ""},
		{inline, message("${winner.params.opt.beta} ${steps.tune.winner.params.lr}"), ""},
		{inline, message("${steps.tune.outputs.params.lr}"), ""},
		{inline, message("${winner.params[\"opt.beta\"]} ${winner.args} ${winner.value} ${winner.metrics.loss}"), ""},
		{inline, message("${winner.params.lrr}"),
			"steps.use.message: the sweep of step `tune` has no parameter `lrr`\n"},
		{inline, message("${steps.tune.winner.params.lrr}"), "did you mean `lr`?"},
		{inline, message("${steps.tune.outputs.params.lrr}"), "has no parameter `lrr`"},
		{inline, message("${winner.params.lrr ?? 1}"), "has no parameter `lrr`"},
		{inline, message("${winner.parms.lr}"), "a winner has no `parms`"},
		{inline, message("${winner.lr}"), "did you mean winner.params.lr?"},
		{file, message("${winner.params.lrr}"), "has no parameter `lrr`"},
		{file, command("${winner.params.lr}"), "in commands it is ${winner.param.lr}"},
		{file, command("${winner.param.lrr}"), "did you mean `lr`?"},
		{file, command("${winner.argz}"), "did you mean ${winner.args}?"},
		{file, command("${winner.param.lr} ${winner.args} ${winner.seed}"), ""},
		{file + ", set: {parameters.wd.value: 1}", message("${winner.params.wd}"), ""},
		{file + ", set: {parameters: {wd: {value: 1}}}", message("${winner.params.wd}"), ""},
		{"file: gone.yaml", message("${winner.params.wd}"), ""},
		{`file: "${f}"`, message("${winner.params.wd}"), ""},
		{"spec: {method: grid, parameters: \"${parameters}\"}", message("${winner.params.wd}"), ""},
		{inline, message("${steps.tune.reason} ${steps.tune.attempt}"), ""},
		{inline, message("${steps.tune.board}"), "a step has no `board`"},
		{inline, "type: http, url: 'http://localhost', outputs: [auc]", "a step of type http puts out no `auc`"},
	} {
		name := filepath.Join(folder, "w.yaml")
		src := []byte(fmt.Sprintf(text, c.sweep, c.step))
		_, err := Parse(name, src, ReadsFiles(name))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, %s: %v, want %q", c.sweep, c.step, err, c.want)
		}
		if _, err := Parse(name, src, workflow.Accepted(true)); err != nil && !strings.Contains(c.step, "board") {
			t.Errorf("%s, %s: read back, it is refused: %v", c.sweep, c.step, err)
		}
	}
}

// The files of a winner are the artifacts of the step that is its sweep.
func TestArtifactsOfASweep(t *testing.T) {
	const text = "steps:\n" +
		"  tune: {type: sweep, spec: {method: grid, metric: {name: y}, parameters: {x: {values: [1]}}, command: x}}\n" +
		"  use: {type: notify, message: \"${steps.tune.artifacts['m.bin']} ${winner.artifacts}\"}\ngraph: tune -> use\n"
	const prefix = "sweeps/s/artifacts/0/1/"
	w := &board.Winner{Params: []byte(`{"x": 1}`), Artifacts: prefix, Files: []results.Artifact{{Name: "m.bin"}}}
	r, cfg := newTestRun(t, text, cluster(func(steps.Job) (steps.Done, error) {
		return steps.Done{Phase: sweep.PhaseSucceeded, Winner: w}, nil
	}))
	work(t, r, engine.Succeeded)
	if said := Talk(cfg.Folder, "r", "use"); len(said) != 1 || said[0].Text != prefix+"m.bin "+prefix {
		t.Errorf("it said %v", said)
	}
}

func TestDurationsOfNothing(t *testing.T) {
	_, err := Parse("w.yaml", []byte("steps:\n  a: {command: x, timeout: 0s}\ngraph: a\n"))
	if err == nil || !strings.Contains(err.Error(), "where there is to be none, leave it out") {
		t.Errorf("it says %v", err)
	}
}
