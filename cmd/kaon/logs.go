package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/mesos"
)

type logsCmd struct {
	Trial   string `arg:"" help:"${trial}"`
	Stderr  bool   `help:"Standard error instead of standard output."`
	Follow  bool   `short:"f" help:"Go on until the attempt has ended."`
	Attempt int    `placeholder:"N" help:"The attempt; the last one when left out."`
	State   string `placeholder:"DIR" help:"Folder of journals and sandboxes, as given to run."`
	Cluster string `env:"KAON_CLUSTER" placeholder:"WHERE" help:"The Mesos to ask, as given to run; the one that the sweep's results name when left out."`
	resultsFlags
}

// followEvery is how often a running trial's output is looked at.
const followEvery = 500 * time.Millisecond

func (c *logsCmd) Run(ctx context.Context, out *output) error {
	id, number, err := parseTrial(c.Trial)
	if err != nil {
		return err
	}
	src, err := c.open(ctx, id)
	if err != nil {
		return err
	}
	attempt, err := c.attempt(ctx, src, number, c.Attempt, out)
	if err != nil {
		return err
	}
	stream := "stdout"
	if c.Stderr {
		stream = "stderr"
	}
	from, err := c.reader(ctx, src, number, attempt)
	if err != nil || from == nil {
		return errors.Join(err, c.stored(ctx, out, src, number, attempt, stream))
	}
	tail := &tail{from: from, stream: stream}
	for {
		if err := tail.copy(ctx, out.stdout); err != nil {
			return err
		}
		if !c.Follow || attempt.End != nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return silently(exitInterrupted)
		case <-time.After(followEvery):
		}
		if attempt, err = c.attempt(ctx, src, number, attempt.Attempt, out); err != nil {
			return err
		}
	}
}

// attempt is the one of that number, 0 for the last. One that no record names yet may run all the same.
func (c *logsCmd) attempt(ctx context.Context, src source, trial, number int, out *output) (results.Attempt, error) {
	board, err := src.board(ctx, out)
	if err != nil {
		return results.Attempt{}, err
	}
	t, ok := board.Trial(trial)
	if !ok {
		return results.Attempt{Attempt: max(number, 1)}, src.has(ctx, board, trial)
	}
	return attemptOf(t, number)
}

// attemptOf finds an attempt of a trial; 0 is the last.
func attemptOf(trial results.Trial, number int) (results.Attempt, error) {
	for i := len(trial.Tries) - 1; i >= 0; i-- {
		if number == 0 || trial.Tries[i].Attempt == number {
			return trial.Tries[i], nil
		}
	}
	return results.Attempt{}, usage(fmt.Errorf("%s has %d attempts, not an attempt %d", named(trial.Trial), len(trial.Tries), number))
}

// reader finds the attempt's files: on this machine, else at the agent while it runs or the bucket has no copy. nil: nowhere.
func (c *logsCmd) reader(ctx context.Context, src source, trial int, attempt results.Attempt) (reader, error) {
	if folder := c.folder(src.id, trial, attempt); folder != "" {
		if _, err := os.Stat(folder); err == nil {
			return localFiles(folder), nil
		}
	}
	if attempt.End != nil && c.inBucket(ctx, src, trial, attempt) {
		return nil, nil
	}
	place := c.Cluster
	if place == "" {
		s, err := results.ReadSweep(ctx, src.bucket, src.id)
		if err != nil {
			return nil, src.explain(ctx, err)
		}
		place = s.Cluster
	}
	if !strings.HasPrefix(place, "mesos://") {
		return nil, nil
	}
	cfg, err := mesos.ParseURL(place)
	if err != nil {
		return nil, usage(fmt.Errorf("--cluster: %w", err))
	}
	box, err := mesos.FindSandbox(ctx, cfg, string(scheduler.NewTaskID(src.id, trial, attempt.Attempt)))
	switch {
	case errors.Is(err, mesos.ErrNoTask), attempt.End != nil && err != nil:
		return nil, nil // the record has the rest
	case err != nil:
		return nil, unreachable(fmt.Errorf("ask the cluster for the output: %w", err))
	}
	return box, nil
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

func (c *logsCmd) inBucket(ctx context.Context, src source, trial int, attempt results.Attempt) bool {
	for o, err := range src.bucket.List(ctx, results.LogsPrefix(src.id, trial, attempt.Attempt)) {
		return err == nil && o.Name != ""
	}
	return false
}

// stored prints what the bucket has of an attempt, or, when there is no copy, what its record holds.
func (c *logsCmd) stored(ctx context.Context, out *output, src source, trial int, attempt results.Attempt, stream string) error {
	body, err := src.bucket.Get(ctx, results.LogsPrefix(src.id, trial, attempt.Attempt)+stream+".zst")
	if err == nil {
		defer body.Close()
		z, err := zstd.NewReader(body, zstd.WithDecoderMaxMemory(64<<20))
		if err != nil {
			return err
		}
		defer z.Close()
		_, err = io.Copy(out.stdout, z)
		return err
	}
	if !errors.Is(err, results.ErrNotExist) {
		return unreachable(err)
	}
	if attempt.End == nil {
		return fmt.Errorf("attempt %d left no files on this machine: it runs or ran on another, or did not start", attempt.Attempt)
	}
	if c.inBucket(ctx, src, trial, attempt) {
		return nil // it wrote nothing to this stream
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
