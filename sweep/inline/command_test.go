package inline

import (
	"slices"
	"testing"
)

func TestCommandWithValues(t *testing.T) {
	params := []Parameter{{Name: "lr"}, {Name: "file"}}
	words := func(all ...string) Command { return Command{Words: all} }
	text := func(text string) Command { return Command{Shell: text} }
	for _, tt := range []struct {
		typed, want Command
		how         Values
	}{
		{words("train"), words("train", "${args}"), Flags},
		{words("train"), words("train", "${param.lr}", "${param.file}"), Bare},
		{words("train", "-r{lr}"), words("train", "-r${param.lr}"), Flags},
		{words("train", "${lr}"), words("train", "${param.lr}"), Flags},
		{words("train", "{lr}", "{{lr}}"), words("train", "${param.lr}", "{lr}"), Flags},
		{words("train", "${args_no_hyphens}"), words("train", "${args_no_hyphens}"), Flags},
		{words("train", "${param.lr}", "${env}"), words("train", "${param.lr}", "${env}"), Flags},
		{words("train", "$${lr}", "{lr}"), words("train", "$${lr}", "${param.lr}"), Flags},
		{words("awk", "{{print}}"), words("awk", "{print}", "${args}"), Flags},
		{words("awk", "{print $1}", "{a,b}", "{}", "{1}"), words("awk", "{print $1}", "{a,b}", "{}", "{1}", "${args}"), Flags},
		{words("awk", "{print}", "{lr}", "{file}"), words("awk", "{print}", "${param.lr}", "${param.file}"), Flags},
		{text("gzip -{lr} < {file} > $HOME/${X}"), text("gzip -${param.lr} < ${param.file} > $HOME/${X}"), Bare},
		{text("gzip -k "), text("gzip -k ${param.lr} ${param.file}"), Bare},
		{text("python train.py"), text("python train.py ${args}"), Flags},
	} {
		got, err := tt.typed.With(params, tt.how)
		if err != nil || got.Shell != tt.want.Shell || !slices.Equal(got.Words, tt.want.Words) {
			t.Errorf("%+v becomes %+v (%v), want %+v", tt.typed, got, err, tt.want)
		}
	}
	for _, bad := range []Command{
		words("train", "{lrr}"), words("{fil}", "{lr}"), text("a | b"), text("a; b"), text("a # b"), text("a\nb"), words("a\xff"),
	} {
		if got, err := bad.With(params, Flags); err == nil {
			t.Errorf("%+v becomes %+v, want an error", bad, got)
		}
	}
}

func TestSweepIsNamedForItsProgram(t *testing.T) {
	for _, tt := range []struct {
		command Command
		want    string
	}{
		{Command{Words: []string{"python3.12", "-u", "src/train.py", "x"}}, "train"},
		{Command{Words: []string{"env", "A=b", "./run-it"}}, "run-it"},
		{Command{Shell: "gzip -9 < x"}, "gzip"},
		{Command{Words: []string{"./$x"}}, "sweep"},
		{Command{Words: []string{"sh"}}, "sweep"},
	} {
		if got := tt.command.title(); got != tt.want {
			t.Errorf("%+v is called %q, want %q", tt.command, got, tt.want)
		}
	}
}

func TestMetric(t *testing.T) {
	for text, want := range map[string]Metric{
		"max accuracy": {"accuracy", "maximize"}, "Minimize  val/loss ": {"val/loss", "minimize"}, "min a b": {"a b", "minimize"},
	} {
		if got, err := ParseMetric(text); err != nil || *got != want {
			t.Errorf("%q is %+v (%v), want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "accuracy", "max", "max ", "most x"} {
		if got, err := ParseMetric(text); err == nil {
			t.Errorf("%q is %+v, want an error", text, got)
		}
	}
}
