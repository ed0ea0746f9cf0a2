package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/study"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/sweep"
)

type tryCmd struct {
	Trial string `arg:"" help:"${trial}"`
	Print bool   `xor:"how" help:"Print it as a shell script instead of running it."`
	Shell bool   `xor:"how" help:"Open a shell where it would run, with its environment."`
	In    string `placeholder:"DIR" help:"Folder to make its files in; a new one when left out."`
	nearFlags
	machineFlags
}

func (c *tryCmd) Help() string {
	return "The command runs in the foreground, with the parameters, seed, code, inputs and environment of the trial, and with secrets from the present environment. " +
		"What it reports and leaves stays in a fresh folder; the sweep's results are not touched. Limits of cpus, memory and time are not set. " +
		"GPUs and ports that it asks for are the machine's first: runs at the same time do not know of it."
}

// Run makes an attempt as the trial's executor does, and starts it by hand.
func (c *tryCmd) Run(ctx context.Context, out *output) error {
	src, board, trial, err := c.sight(ctx, c.Trial, out)
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
	need, err := src.needs(ctx, spec, trial)
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
	p, err := src.prepare(ctx, spec, trial, max(seen.Attempt, 1), folder, mine.environ(spec.Task.Container != nil))
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
	fmt.Fprintf(out.stderr, "kaon: %s of %s by hand, in %s; its files: %s\n", named(trial), src.id, p.Dir, p.Folder)
	argv := p.Argv
	if c.Shell {
		argv = []string{shellOf(p.Env)}
	}
	return start(ctx, argv, p)
}

// folder is where the attempt's files are made.
func (c *tryCmd) folder(id string, trial int) (string, error) {
	if c.In == "" {
		which := strconv.Itoa(trial)
		if trial == results.ThenTrial {
			which = "then"
		}
		return os.MkdirTemp("", fmt.Sprintf("kaon-try-%s-%s-", id, which))
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

// spec reads the spec of a sweep as it was submitted. Strict: with all secrets that were set.
func (s source) spec(ctx context.Context, known store.Sweep, strict bool) (*sweep.Spec, error) {
	text, err := bucket.ReadObject(ctx, s.bucket, results.ObjectName(s.id, results.SpecFile), maxSpec)
	if errors.Is(err, bucket.ErrNotExist) {
		return nil, unreachable(fmt.Errorf("%s of %s is not there; `kaon repair %s` brings it back where the journal has it", results.SpecFile, s.id, s.id))
	}
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	file := known.File
	if file == "" { // of a version that did not say
		if file, err = filepath.Abs("spec.yaml"); err != nil {
			return nil, err
		}
	}
	if sum := specHash(text); known.SpecHash != "" && sum != known.SpecHash {
		return nil, unreachable(fmt.Errorf("%s of %s is not the spec that was submitted (SHA-256 %.12s…, want %.12s…): nothing was started; "+
			"`kaon repair %s` brings it back where the journal has it", results.SpecFile, s.id, sum, known.SpecHash, s.id))
	}
	set, err := unhide(known.Overrides)
	if err != nil && strict {
		return nil, usage(err)
	}
	entry := journal.SweepEntry{File: file, Source: text, Overrides: set, Seed: known.Seed}
	var winner *board.Winner
	if folder := stateFolder(s.place, s.folder, s.id); folder != "" {
		if winner, err = readWinner(folder); err != nil {
			return nil, err
		}
	}
	spec, err := parseEntry(entry, winner)
	if err != nil {
		return nil, usage(fmt.Errorf("read the spec of %s as it was: %w", s.id, err))
	}
	return spec, nil
}

// order is what the executor of a trial is told.
func (s source) order(ctx context.Context, spec *sweep.Spec, trial, attempt int, files study.Files) (task.Order, error) {
	winner, err := readWinner(stateFolder(s.place, s.folder, s.id))
	if err != nil {
		return task.Order{}, err
	}
	dir, interpreter := specFolder(spec), localInterpreter()
	if spec.Task.Container != nil {
		dir, interpreter = "", ""
	}
	image, err := s.image(ctx, spec)
	if err != nil {
		return task.Order{}, err
	}
	st, err := study.New(s.id, spec, study.Options{Dir: dir, Getenv: os.LookupEnv, Interpreter: interpreter, Winner: winner, Files: files, Image: image})
	if err != nil {
		return task.Order{}, err
	}
	if trial == results.ThenTrial {
		w, err := store.ReadWinner(ctx, s.bucket, s.id)
		if err != nil {
			return task.Order{}, fmt.Errorf("find the winner, with which the `then` step runs: %w", err)
		}
		w.SpecHash, w.Created = "", "" // it has them since the step ended
		manifest, err := json.MarshalIndent(w, "", "  ")
		if err != nil {
			return task.Order{}, err
		}
		return st.Then(attempt, w.Params, manifest)
	}
	point, err := st.Point(trial)
	if err != nil {
		return task.Order{}, err
	}
	return st.Order(trial, attempt, point)
}

// prepare makes a trial ready below a folder, with what the machine gives it in its environment.
func (s source) prepare(
	ctx context.Context, spec *sweep.Spec, trial, attempt int, folder string, given []string,
) (executor.Prepared, error) {
	kept := filepath.Join(folder, "state", depotFolder)
	if err := os.MkdirAll(kept, 0o700); err != nil {
		return executor.Prepared{}, err
	}
	packed := "code" + archive.Suffix // as it was when the sweep began, where that is known
	if data, err := os.ReadFile(filepath.Join(stateFolder(s.place, s.folder, s.id), depotFolder, packed)); err == nil {
		if err := os.WriteFile(filepath.Join(kept, packed), data, 0o600); err != nil {
			return executor.Prepared{}, err
		}
	}
	box := &session{
		cfg: sessionConfig{id: s.id, spec: spec, state: filepath.Dir(kept), bucket: s.bucket, log: slog.New(slog.DiscardHandler), resumed: true,
			clusterFlags: clusterFlags{Cluster: "local"}, tell: func(string) {}},
		cluster: runningCluster{workDir: specFolder, interpreter: localInterpreter()},
	}
	if err := box.openDepot(); err != nil {
		return executor.Prepared{}, err
	}
	defer box.depot.Close()
	files, err := box.provide(ctx)
	if err != nil {
		return executor.Prepared{}, err
	}
	order, err := s.order(ctx, spec, trial, attempt, files)
	if err != nil {
		return executor.Prepared{}, usage(err)
	}
	order.Deliver = nil // what it leaves stays where it is
	environ := os.Environ()
	if order.Inside { // the image has its own
		environ = nil
	}
	p, err := executor.Prepare(ctx, order, folder, append(environ, given...))
	if err != nil {
		return p, usage(fmt.Errorf("make %s ready: %w", named(trial), err))
	}
	return p, nil
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

// printScript writes an attempt as a script: what is set besides the present environment, where it starts, and the command.
// Secrets are asked of the environment in which the script runs.
func printScript(w io.Writer, p executor.Prepared) {
	fmt.Fprintf(w, "#!/bin/sh\n# its files are in %s\nset -e\n", p.Folder)
	present := os.Environ()
	for _, pair := range p.Env {
		name, value, _ := strings.Cut(pair, "=")
		switch _, secret := p.Private[name]; {
		case secret:
			fmt.Fprintf(w, ": \"${%[1]s:?is a secret of the sweep: set it}\"; export %[1]s\n", name)
		case !slices.Contains(present, pair):
			fmt.Fprintf(w, "export %s=%s\n", name, sweep.Quote(value))
		}
	}
	words := make([]string, len(p.Argv))
	for i, word := range p.Argv {
		words[i] = sweep.Quote(word)
	}
	fmt.Fprintf(w, "cd %s\nexec %s\n", sweep.Quote(p.Dir), strings.Join(words, " "))
}
