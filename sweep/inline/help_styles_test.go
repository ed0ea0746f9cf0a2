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

// What Hydra prints of lists are no parameters, also where mappings lie in them, and no name is drafted twice.
func TestDraftOfListsOfHydra(t *testing.T) {
	const help = `train is powered by Hydra.

== Configuration groups ==
Compose your configuration from those groups (group=option)

opt: adam, sgd


== Config ==
Override anything in the config (foo.bar=value)

lr: 0.01
transforms:
- _target_: Crop
  size: 32
  deep:
    er: 0.5
- _target_: Scale
  size: 64
-
  size: 128
layers:
  - - width: 5
      height: 6
    depth: 7
  - 3
depth: 3
depth: 3
text: |-
  words: 5
net:
  blocks:
  - size: 1
  dropout: 0.1


Powered by Hydra (https://hydra.cc)
`
	got, ok := Draft([]string{"python3", "train.py"}, help)
	if _, err := sweep.Parse("draft", []byte(got)); err != nil || !ok {
		t.Errorf("%v %v", ok, err)
	}
	for _, name := range []string{"lr", "depth", "net.dropout", "opt"} {
		if n := strings.Count(got, "  "+name+": "); n != 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
	for _, name := range []string{"transforms", "size", "_target_", "er:", "width", "height", "layers", "blocks", "words"} {
		if strings.Contains(got, name) {
			t.Errorf("it has %q", name)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}
