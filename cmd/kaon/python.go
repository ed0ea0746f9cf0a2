package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/python"
)

// pythonFlag has trials call a function of Python, in the place of the spec's command.
type pythonFlag struct {
	Python string `placeholder:"FILE:FUNCTION" help:"Have trials call this Python function with their parameters, as train.py:main; without a sweep file its arguments are the space."`
}

// describeWait is how long the import of a program may take: large libraries take their time.
const describeWait = 2 * time.Minute

// apply is the spec of the flags: the file with the function for its command, or, without a file, what the function
// says of itself.
func (f pythonFlag) apply(ctx context.Context, from specFlags) (specFlags, error) {
	if f.Python == "" {
		return from, nil
	}
	if err := f.check(); err != nil {
		return from, err
	}
	if from.Spec == "" {
		text, err := f.describe(ctx)
		from.Spec, from.Text = inlineFile, text
		return from, err
	}
	text, err := readSpec(ctx, from.Spec) // once: it may be standard input
	if err != nil {
		return from, usage(err)
	}
	from.Text = text
	set := from.Set
	from.Set = f.override(set, "")
	if spec, err := from.parse(ctx); err == nil { // what is wrong is told by who parses it next
		from.Set = f.override(set, spec.Objective.Name)
	}
	return from, nil
}

// override is the function as the spec's command, before what is typed, which may change it.
func (f pythonFlag) override(set []string, metric string) []string {
	words, err := json.Marshal(f.command(metric))
	if err != nil {
		panic(err) // they are texts
	}
	return append([]string{"command=" + string(words)}, set...)
}

// command is what a trial runs. By hand a number that the function returns is reported under the metric's name (empty:
// as result), in a trial under the objective's.
func (f pythonFlag) command(metric string) []string {
	words := []string{"python3", "-m", "kaon_call"}
	if metric != "" {
		words = append(words, "--metric", metric)
	}
	return append(words, strings.ReplaceAll(f.Python, "${", "$${"))
}

// title is what a sweep of the function is called.
func (f pythonFlag) title() string {
	file, _, _ := strings.Cut(f.Python, ":")
	return strings.TrimSuffix(filepath.Base(file), ".py")
}

func (f pythonFlag) check() error {
	file, function, found := strings.Cut(f.Python, ":")
	if !found || file == "" || function == "" || strings.HasPrefix(f.Python, "-") {
		return usage(fmt.Errorf("--python %s: want FILE:FUNCTION, as in --python train.py:main", clean(f.Python)))
	}
	if _, err := os.Stat(file); err != nil && filepath.Ext(file) == ".py" {
		return usage(fmt.Errorf("--python %s: %w: name a Python file from this folder", clean(f.Python), err))
	}
	return nil
}

// describe is the sweep file that the function's own words make. Its file is imported for that.
func (f pythonFlag) describe(ctx context.Context) ([]byte, error) {
	folder, err := os.MkdirTemp("", "kaon-python-")
	if err != nil {
		return nil, fmt.Errorf("make room for the Python package: %w", err)
	}
	defer os.RemoveAll(folder)
	wheel := filepath.Join(folder, python.Name())
	if err := os.WriteFile(wheel, python.Wheel(), 0o600); err != nil {
		return nil, fmt.Errorf("write the Python package: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, describeWait)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "python3", "-m", "kaon_call", "--describe", f.Python)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &stdout, &stderr, time.Second
	path := wheel
	if had := os.Getenv("PYTHONPATH"); had != "" {
		path = had + string(os.PathListSeparator) + wheel
	}
	// Nothing that is imported is to begin a run of W&B, nor to leave anything here.
	cmd.Env = append(cmd.Environ(), "PYTHONPATH="+path, "PYTHONDONTWRITEBYTECODE=1", "WANDB_DIR="+folder,
		"WANDB_SILENT=true",
		"WANDB_MODE="+cmp.Or(os.Getenv("WANDB_MODE"), "offline"))
	err = cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, usage(errors.New("--python: there is no python3 on the path: install it, or activate the " +
			"environment that has it"))
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, ctx.Err()
	case ctx.Err() != nil:
		return nil, usage(fmt.Errorf("--python %s: it was not imported within %v: put what it does under "+
			"if __name__ == \"__main__\", or name a sweep file before --python",
			clean(f.Python), describeWait))
	case err != nil:
		return nil, usage(fmt.Errorf("--python %s: %s", clean(f.Python), complaint(stderr.String(), err)))
	}
	return stdout.Bytes(), nil
}

// complaint is what Python wrote at its end: one sentence of ours, or the traceback.
func complaint(text string, err error) string {
	text = strings.TrimSpace(text)
	if at := strings.LastIndex(text, "kaon: "); at == 0 || at > 0 && text[at-1] == '\n' {
		return clean(text[at+len("kaon: "):])
	}
	const shown = 12
	lines := strings.Split(text, "\n")
	if len(lines) > shown {
		lines = lines[len(lines)-shown:]
	}
	for i, line := range lines {
		lines[i] = "  " + clean(line)
	}
	return fmt.Sprintf("it cannot be imported (%v):\n%s", err, strings.Join(lines, "\n"))
}

type wheelCmd struct {
	Folder string `arg:"" optional:"" help:"Where it goes; a folder of its own among temporary files when left out."`
}

func (c *wheelCmd) Help() string {
	return "pip install \"$(kaon wheel)\"\n\n" +
		"The package kaon for scripts and notebooks (docs/python.md): pure Python, no dependencies. Trials have " +
		"it without being installed."
}

// Run writes the wheel and prints its path.
func (c *wheelCmd) Run(out *output) error {
	folder := c.Folder
	if folder == "" {
		made, err := os.MkdirTemp("", "kaon-wheel-")
		if err != nil {
			return fmt.Errorf("make a folder for the wheel: %w", err)
		}
		folder = made
	}
	path := filepath.Join(folder, python.Name())
	if err := os.WriteFile(path, python.Wheel(), 0o644); err != nil {
		return usage(fmt.Errorf("write the wheel: %w", err))
	}
	_, err := io.WriteString(out.stdout, path+"\n")
	return err
}
