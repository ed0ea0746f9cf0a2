package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/sweep/inline"
)

type initCmd struct {
	pythonFlag
	Words []string `arg:"" optional:"" name:"program" sep:"none" help:"The program and its fixed arguments, behind -- where they have options; a .py file alone is run by python3."`
}

func (c *initCmd) Help() string {
	return "kaon init train.py > sweep.yaml\n\n" +
		"The program is run once with --help, in which argparse, click, typer and Fire list its options, and " +
		"Hydra its configuration. The spec has a range for each that has a default, bounds or choices, and the " +
		"others as comments."
}

// helpWait is how long a program may take to print its help: imports of large libraries take their time.
const helpWait = time.Minute

func (c *initCmd) Run(ctx context.Context, out *output) error {
	words := c.Words
	if c.Python != "" {
		return c.ofFunction(ctx, out)
	}
	if len(words) == 0 {
		return usage(errors.New("there is no program: write it behind init, as in: kaon init train.py > sweep.yaml"))
	}
	if len(words) == 1 && filepath.Ext(words[0]) == ".py" {
		words = []string{"python3", words[0]}
	}
	text, err := helpOf(ctx, words)
	if err != nil {
		return usage(err)
	}
	draft, ok := inline.Draft(words, text)
	if !ok {
		return usage(fmt.Errorf("%s --help tells of no option with a default, bounds or choices: write the spec "+
			"by hand (docs/spec.md), "+
			"or have argparse show defaults with formatter_class=argparse.ArgumentDefaultsHelpFormatter, click "+
			"with show_default=True",
			clean(strings.Join(words, " "))))
	}
	_, err = io.WriteString(out.stdout, draft)
	return err
}

// ofFunction prints what a Python function says of its arguments.
func (c *initCmd) ofFunction(ctx context.Context, out *output) error {
	if len(c.Words) > 0 {
		return usage(fmt.Errorf("init wants a program, or --python FILE:FUNCTION, and not both"))
	}
	from, err := c.apply(ctx, specFlags{})
	if err != nil {
		return err
	}
	_, err = out.stdout.Write(from.Text)
	return err
}

// helpOf is what a program prints of itself.
func helpOf(ctx context.Context, words []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, helpWait)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, words[0], append(words[1:len(words):len(words)], "--help")...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &stdout, &stderr, time.Second
	cmd.Env = append(cmd.Environ(), "COLUMNS=100", "NO_COLOR=1", "TERM=dumb")
	err := cmd.Run()
	if errors.Is(ctx.Err(), context.Canceled) {
		return "", ctx.Err()
	}
	if stdout.Len() > 0 {
		return stdout.String(), nil // some end their help with another code than 0
	}
	if stderr.Len() > 0 && err == nil {
		return stderr.String(), nil
	}
	if err == nil {
		err = errors.New("it printed nothing")
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("it did not end within %v", helpWait)
	}
	last := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	return "", fmt.Errorf("run %s --help: %w: %s; name a program that takes --help, with its interpreter before "+
		"it: kaon init python3 train.py",
		clean(strings.Join(words, " ")), err, clean(last[len(last)-1]))
}
