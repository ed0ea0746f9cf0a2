package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
)

type logsCmd struct {
	Trial   string `arg:"" help:"SWEEP/TRIAL, or a number for the newest sweep; \"then\" is the step that ran after the trials."`
	Stderr  bool   `help:"Standard error instead of standard output."`
	Attempt int    `placeholder:"N" help:"The attempt; the last one when left out."`
	State   string `placeholder:"DIR" help:"Folder of journals and sandboxes, as given to run."`
	resultsFlags
}

func (c *logsCmd) Run(ctx context.Context, out *output) error {
	id, number, err := parseTrial(c.Trial)
	if err != nil {
		return err
	}
	if number == scheduler.ThenTrial {
		src, err := c.open(ctx, id)
		if err != nil {
			return err
		}
		return c.print(out, src.id, number, results.Attempt{Attempt: max(c.Attempt, 1)})
	}
	src, trial, err := c.resultsFlags.trial(ctx, c.Trial, out)
	if err != nil {
		return err
	}
	attempt, err := c.attempt(trial)
	if err != nil {
		return err
	}
	return c.print(out, src.id, number, attempt)
}

// print copies what an attempt wrote to standard output.
func (c *logsCmd) print(out *output, id string, trial int, attempt results.Attempt) error {
	stream := "stdout"
	if c.Stderr {
		stream = "stderr"
	}
	folder := c.folder(id, trial, attempt)
	if _, err := os.Stat(folder); err != nil {
		return c.elsewhere(out, attempt, stream)
	}
	file, err := os.Open(filepath.Join(folder, stream))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a trial that wrote nothing has no file
	}
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(out.stdout, file)
	return err
}

// attempt finds the one asked for.
func (c *logsCmd) attempt(trial results.Trial) (results.Attempt, error) {
	for i := len(trial.Tries) - 1; i >= 0; i-- {
		if c.Attempt == 0 || trial.Tries[i].Attempt == c.Attempt {
			return trial.Tries[i], nil
		}
	}
	return results.Attempt{}, usage(fmt.Errorf("trial %d has %d attempts, not an attempt %d", trial.Trial, len(trial.Tries), c.Attempt))
}

// folder is the sandbox of an attempt: where its record says, or, while it runs, where the embedded cluster put it.
func (c *logsCmd) folder(id string, trial int, attempt results.Attempt) string {
	if attempt.End != nil {
		return attempt.End.Sandbox
	}
	task := string(scheduler.NewTaskID(id, trial, attempt.Attempt))
	state := (&workFlags{Results: c.Results, State: c.State}).state(id)
	found := ""
	_ = filepath.WalkDir(state, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == task {
			found = path
			return fs.SkipAll
		}
		return nil // what cannot be read is not there
	})
	return found
}

// elsewhere prints what the record holds when the sandbox is on another machine, or gone.
func (c *logsCmd) elsewhere(out *output, attempt results.Attempt, stream string) error {
	if attempt.End == nil {
		return fmt.Errorf("attempt %d left no files on this machine: it runs or ran on another, or did not start", attempt.Attempt)
	}
	fmt.Fprintf(out.stderr, "kaon: the files are on agent %s in %s; the record keeps only the last lines of standard error\n",
		attempt.End.Agent, attempt.End.Sandbox)
	if stream == "stderr" {
		for _, line := range attempt.End.Stderr {
			fmt.Fprintln(out.stdout, line)
		}
	}
	return nil
}
