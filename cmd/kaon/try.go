package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/shell"
)

type tryCmd struct {
	Trial string `arg:"" help:"${trial}"`
	Print bool   `xor:"how" help:"Print it as a shell script instead of running it."`
	Shell bool   `xor:"how" help:"Open a shell where it would run, with its environment."`
	In    string `placeholder:"DIR" help:"Folder to make its files in; a new one when left out."`
	liveFlags
	machineFlags
}

func (c *tryCmd) Help() string {
	return "The command runs in the foreground, with the parameters, seed, code, inputs and environment of the " +
		"trial, and with secrets from the present environment. " +
		"What it reports and leaves stays in a fresh folder; the sweep's results are not touched. Limits of cpus, " +
		"memory and time are not set. " +
		"GPUs and ports that it asks for are the machine's first: runs at the same time do not know of it."
}

// Run makes an attempt as the trial's executor does, and starts it by hand.
func (c *tryCmd) Run(ctx context.Context, out *output) error {
	src, board, trial, err := c.findTrial(ctx, c.Trial, out)
	if err != nil {
		return err
	}
	seen, _ := board.Trial(trial)
	spec, err := src.spec(ctx, board.known, true)
	if err != nil {
		return err
	}
	folder, err := c.folder(src.id, trial)
	if err != nil {
		return usage(err)
	}
	need, err := src.needs(ctx, spec, trial, seen.Params)
	if err != nil {
		return usage(err)
	}
	mine, err := c.assign(need)
	if err != nil {
		return err
	}
	defer mine.release()
	if mine.warning != "" {
		fmt.Fprintf(out.stderr, "kaon: warning: %s\n", mine.warning)
	}
	seen.Trial = trial // of one that has not begun there is no record
	given := mine.environ(spec.Task.Container != nil)
	if spec.Task.Container == nil {
		given = append(given, "MESOS_SANDBOX="+folder)
	}
	p, err := src.byHand(spec, seen).Prepare(ctx, folder, given)
	if err != nil {
		return err
	}
	if spec.Task.Container != nil {
		return c.inImage(ctx, out, spec.Task.Container, p, mine.docker())
	}
	if c.Print {
		printScript(out.stdout, p)
		return nil
	}
	fmt.Fprintf(out.stderr, "kaon: %s of %s by hand, in %s; its files: %s\n", trialText(trial), src.id, p.Dir, p.Folder)
	argv := p.Argv
	if c.Shell {
		argv = []string{shellOf(p.Env)}
	}
	return start(ctx, argv, p)
}

// folder is where the attempt's files are made.
func (c *tryCmd) folder(id string, trial int) (string, error) {
	if c.In == "" {
		return os.MkdirTemp("", fmt.Sprintf("kaon-try-%s-%s-", id, trialLabel(trial)))
	}
	folder, err := filepath.Abs(c.In)
	if err == nil {
		err = os.Mkdir(folder, 0o700)
	}
	if err != nil {
		return "", fmt.Errorf("make the folder of --in, which must be new: %w", err)
	}
	return folder, nil
}

// start runs a program in the foreground of this terminal, and ends as it ends.
func start(ctx context.Context, argv []string, p executor.Prepared) error {
	cmd := exec.Command(argv[0], argv[1:]...)
	if !strings.Contains(argv[0], "/") {
		cmd.Path, cmd.Err = lookIn(p, argv[0])
	}
	cmd.Dir, cmd.Env = p.Dir, p.Env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return usage(err)
	}
	// A terminal signals the program itself; what a signal to kaon alone means, it hears a moment later.
	interrupted := context.AfterFunc(ctx, crash.Func(func() {
		time.Sleep(time.Second)
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}))
	defer interrupted()
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code := exit.ExitCode()
		if code < 0 { // by a signal
			code = exitInterrupted
		}
		return silently(code)
	}
	return err
}

// lookIn finds a program by the trial's PATH.
func lookIn(p executor.Prepared, name string) (string, error) {
	for _, pair := range p.Env {
		if path, ok := strings.CutPrefix(pair, "PATH="); ok {
			for _, folder := range filepath.SplitList(path) {
				file := filepath.Join(folder, name)
				if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
					return file, nil
				}
			}
		}
	}
	return name, fmt.Errorf("start %s: %w", name, exec.ErrNotFound)
}

func shellOf(env []string) string {
	for _, pair := range env {
		if shell, ok := strings.CutPrefix(pair, "SHELL="); ok && shell != "" {
			return shell
		}
	}
	return "/bin/sh"
}

// printScript writes an attempt as a script: what is set besides the present environment, where it starts,
// and the command. Secrets are asked of the environment in which the script runs.
func printScript(w io.Writer, p executor.Prepared) {
	fmt.Fprintf(w, "#!/bin/sh\n# its files are in %s\nset -e\n", p.Folder)
	present := os.Environ()
	for _, pair := range p.Env {
		name, value, _ := strings.Cut(pair, "=")
		switch _, secret := p.Private[name]; {
		case secret:
			fmt.Fprintf(w, ": \"${%[1]s:?is a secret of the sweep: set it}\"; export %[1]s\n", name)
		case !slices.Contains(present, pair):
			fmt.Fprintf(w, "export %s=%s\n", name, shell.Quote(value))
		}
	}
	fmt.Fprintf(w, "cd %s\nexec %s\n", shell.Quote(p.Dir), plan.CommandLine(sweep.Expansion{Argv: p.Argv}))
}
