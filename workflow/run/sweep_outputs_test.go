package run

import (
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/workflow"
)

// What a sweep step puts out is known before it runs.
func TestOutputsOfSweeps(t *testing.T) {
	const file = "steps:\n  tune: {type: sweep, file: sweep.yaml}\n  use: {command: [echo, \"${steps.tune.%}\"], after: tune}\n"
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
