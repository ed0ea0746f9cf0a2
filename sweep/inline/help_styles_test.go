package inline

import (
	"os"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// What argparse with positionals and nargs, typer, Fire and Hydra print, as they are.
func TestDraftOfOtherHelp(t *testing.T) {
	for _, tt := range []struct {
		file string
		want []string
		not  []string
	}{
		{"argparse", []string{
			"  lr: {distribution: log_uniform_values, min: 0.001, max: 0.1}  # ", "  # layers: {values: []}  # takes several values",
			"  # betas: {values: []}  # takes several values", "  # tags: {values: []}  # takes several values", "  # amp: {values: [true, false]}  # a flag",
			"#   data where\n#   {a,b} which\n#   depth how deep (default: 3)\ncommand: [python3, train.py, \"${args}\"]",
		}, []string{"\n  layers", "\n  amp"}},
		{"typer", []string{
			"  lr: {distribution: log_uniform_values, min: 0.001, max: 0.1}  # ", "  depth: {min: 1, max: 10}  # ", "  opt: {values: [sgd, adam]}  # ",
			"  batch-size: {distribution: q_log_uniform_values, min: 16, max: 256, q: 1}  # ", "  # amp: {values: [true, false]}  # a flag", "#   data <str> [required]\n",
		}, []string{"help", "--"}},
		{"fire", []string{
			"  lr: {distribution: log_uniform_values, min: 0.001, max: 0.1}  # ", "  depth: {min: 2, max: 10}  # ",
			"  batch_size: {distribution: q_log_uniform_values, min: 16, max: 256, q: 1}  # ", "  # amp: {values: []}  # no default", "#   DATA\n",
		}, []string{"\n  amp"}},
		{"hydra", []string{
			"  lr: {distribution: log_uniform_values, min: 0.001, max: 0.1}  # ", "  opt: {values: [adam, sgd]}  # ", "  model.dropout: {min: 0.0, max: 0.99}  # ",
			"  model.layers: {min: 2, max: 6}  # ", "  # epochs: {min: 5, max: 20}  # seldom", "  # opt.momentum: {min: 0.0, max: 0.99}  # only where opt has it",
			`command: [python3, train.py, "${args_no_hyphens}"]`,
		}, nil},
	} {
		t.Run(tt.file, func(t *testing.T) {
			help, err := os.ReadFile("testdata/help/" + tt.file + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			got, ok := Draft([]string{"python3", "train.py"}, string(help))
			for _, line := range tt.want {
				if !strings.Contains("\n"+got, "\n"+line) {
					t.Errorf("it lacks %q", line)
				}
			}
			for _, line := range tt.not {
				if strings.Contains(got, line) {
					t.Errorf("it has %q", line)
				}
			}
			if _, err := sweep.Parse("draft", []byte(got)); err != nil || !ok {
				t.Errorf("%v %v", ok, err)
			}
			if t.Failed() {
				t.Log(got)
			}
		})
	}
}
