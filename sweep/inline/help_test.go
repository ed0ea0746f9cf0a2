package inline

import (
	"os"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// What argparse (with and without defaults in its help) and click print.
const argparseHelp = `usage: train.py [-h] [--lr LR] [--batch-size BATCH_SIZE] [--opt {sgd,adam}] [-e N] [--amp] data

positional arguments:
  data                  where the data are --lr 3

options:
  -h, --help            show this help message and exit
  --lr LR               learning rate (default: 0.01)
  --batch-size BATCH_SIZE
                        how many at a time
                        (default: 64)
  --opt {sgd,adam}      (default: sgd)
  -e N, --epochs N      (default: 10)
  --dropout DROPOUT     (default: 0.1)
  --layers LAYERS       (default: 3)
  --amp                 mixed precision (default: False)
  --note NOTE           a text (default: None)
`

const clickHelp = `Usage: train.py [OPTIONS]

Options:
  --lr FLOAT                Learning rate.  [default: 0.001]
  -n, --depth INTEGER RANGE Depth.  [default: 5; 1<=x<=10]
  --width INTEGER RANGE     [default: 5; 1<=x<=10]
  --opt [sgd|adam]
  --amp / --no-amp
  --help                    Show this message and exit.
`

func TestDraftOfHelp(t *testing.T) {
	for _, tt := range []struct {
		help string
		want []string
	}{
		{argparseHelp, []string{
			"  lr: {distribution: log_uniform_values, min: 0.001, max: 0.1}  # ",
			"  batch-size: {distribution: q_log_uniform_values, min: 16, max: 256, q: 1}  # ",
			"  opt: {values: [sgd, adam]}  # ", "  # epochs: {min: 5, max: 20}  # ", "  dropout: {min: 0.0, max: 0.99}  # ",
			"  layers: {min: 2, max: 6}  # ", "  # amp: {values: [true, false]}  # ", "  # note: {values: []}  # ",
			`command: [python3, train.py, "${args}"]`, "name: train\n",
		}},
		{clickHelp, []string{"  lr: {distribution: log_uniform_values, min: 0.0001, max: 0.01}  # ", "  width: {min: 1, max: 10}  # ", "  opt: {values: [sgd, adam]}  # ", "  # amp: {values: [true, false]}  # a flag"}},
	} {
		got, ok := Draft([]string{"python3", "train.py"}, tt.help)
		for _, line := range tt.want {
			if !strings.Contains("\n"+got, "\n"+line) && !strings.Contains(got, line) {
				t.Errorf("it lacks %q:\n%s", line, got)
			}
		}
		if _, err := sweep.Parse("draft", []byte(got)); err != nil || !ok {
			t.Errorf("%v %v in\n%s", ok, err, got)
		}
	}
	if _, ok := Draft([]string{"true"}, "usage: true\n"); ok {
		t.Error("a draft of nothing")
	}
}

// Whatever a program prints, the draft is a spec as it stands.
func FuzzDraft(f *testing.F) {
	f.Add(argparseHelp)
	f.Add(clickHelp)
	for _, name := range []string{"argparse", "typer", "fire", "hydra"} {
		text, err := os.ReadFile("testdata/help/" + name + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("  --a X  [default: 1e400; 5<=x<=2]\n  --b {}\n  --c {\"x\",'y'}  \x00 default 0.0001\n")
	f.Fuzz(func(t *testing.T, help string) {
		draft, ok := Draft([]string{"true"}, help)
		if _, err := sweep.Parse("draft", []byte(draft)); ok && err != nil && strings.Contains(err.Error(), "YAML") {
			t.Errorf("%v in\n%s", err, draft)
		}
	})
}
