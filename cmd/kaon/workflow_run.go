package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/run"
)

type workflowRunCmd struct {
	File       string   `arg:"" help:"Workflow file, or NAME or NAME@VERSION of one that is registered on the server."`
	Parameters []string `name:"parameter" short:"p" sep:"none" placeholder:"NAME=VALUE" help:"A parameter of the workflow; the value is YAML. May be repeated."`
	Label      []string `sep:"none" placeholder:"WORD" help:"A word to find the run by on a server; may be repeated."`
	Queue      string   `placeholder:"QUEUE" help:"A server's queue for steps that name none."`
	Key        string   `placeholder:"TEXT" help:"On a server a second submission with the same key is the first: scripts may try again."`
	Detach     bool     `help:"On a server: hand it in, and do not watch it."`
	flowServer
	workFlags
}

func (c *workflowRunCmd) Run(ctx context.Context, out *output) error {
	runs, served, err := c.serverRuns(ctx)
	if err != nil {
		return err
	}
	if served && isRegisteredName(c.File) {
		return c.named(ctx, out, runs)
	}
	wf, err := readFlow(c.File)
	if errors.Is(err, os.ErrNotExist) && isRegisteredName(c.File) {
		err = usage(fmt.Errorf("%w; what is registered on a server is run with --server", err))
	}
	if err != nil {
		return err
	}
	given, err := parseGiven(c.Parameters, wf)
	if err != nil {
		return err
	}
	if err := secretsFrom(wf, given); err != nil {
		return err
	}
	if given, err = wf.Bind(given); err != nil {
		return usage(fmt.Errorf("%s: %w", c.File, err))
	}
	for _, w := range wf.Warnings {
		fmt.Fprintf(out.stderr, "kaon: warning: %v\n", w)
	}
	if served {
		return c.submit(ctx, out, runs, wf, given)
	}
	if c.Key != "" || c.Queue != "" || len(c.Label) > 0 || c.Detach {
		return usage(errors.New("--key, --queue, --label and --detach are for runs of a server: give --server"))
	}
	id := run.NewID(run.NameOf(wf))
	return c.goOn(ctx, out, id, func(cfg run.Config) (*run.Run, error) { return run.Create(cfg, id, "", wf, given) })
}

// secretsFrom takes secret parameters that were not given from variables of their names, and sets those that were,
// where the secrets of steps are looked for.
func secretsFrom(wf *workflow.Workflow, given map[string]any) error {
	for _, p := range wf.Parameters {
		if _, ok := given[p.Name]; !ok && p.Secret {
			if text, ok := os.LookupEnv(p.Name); ok {
				given[p.Name] = text
			}
		}
	}
	return setSecrets(wf, given)
}

func setSecrets(wf *workflow.Workflow, given map[string]any) error {
	for _, p := range wf.Parameters {
		if text, ok := given[p.Name].(string); ok && p.Secret {
			if err := os.Setenv(p.Name, text); err != nil {
				return usage(fmt.Errorf("parameter `%s`: %w", p.Name, err))
			}
		}
	}
	return nil
}

// withoutSecretParameters is a command line as records keep it.
func withoutSecretParameters(words []string, wf *workflow.Workflow) []string {
	words = slices.Clone(words)
	for i, word := range words {
		for _, p := range wf.Parameters {
			for _, flag := range []string{"", "-p", "--parameter="} {
				if p.Secret && strings.HasPrefix(word, flag+p.Name+"=") {
					words[i] = flag + p.Name + "=***"
				}
			}
		}
	}
	return words
}

// goOn works on a run until it has ended, shows it, and tells how it ended.
func (f *workFlags) goOn(ctx context.Context, out *output, id string, begin func(run.Config) (*run.Run, error)) error {
	if err := server.CheckOpenFiles(); err != nil {
		return err
	}
	out.evenUnread()
	r, stop, err := f.runner(ctx, out)
	if err != nil {
		return err
	}
	defer stop()
	folder, err := filepath.Abs(f.state(workflowsFolder))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return unreachable(fmt.Errorf("make the folder of runs: %w", err))
	}
	place, err := f.resultsPlace()
	if err != nil {
		return err
	}
	cluster := &workflows.Cluster{Bucket: r.bucket}
	board := newFlowBoard(out, f.Quiet, f.JSON)
	work, err := begin(run.Config{
		Folder: folder, Cluster: cluster, Told: board.told, Late: board.toldLate, Version: versionString(),
		Results: place, Stored: cluster.Stored,
	})
	if err != nil {
		return localRuns{f}.explain(id, err)
	}
	s, told, err := r.openWith(ctx, func(cfg *server.Config) {
		cfg.Folder, cfg.FrameworkName = filepath.Join(run.Folder(folder, id), "cluster"), "kaon "+id
		cfg.Command = withoutSecretParameters(cfg.Command, work.Workflow())
	})
	if err != nil {
		return errors.Join(err, work.Close())
	}
	cluster.Server = s
	board.begin(work, s.Place(), f.Results)
	watching := board.watch(work, told)
	_, err = work.Work(ctx)
	watching()
	return f.finishRun(out, s, work, err, board)
}

// closeRunPatience is how long the server of a run may take to close.
const closeRunPatience = 30 * time.Second

// finishRun closes the server, prints how the run ended, and answers with the exit code.
func (f *workFlags) finishRun(out *output, s *server.Server, work *run.Run, err error, board *flowBoard) error {
	last, cancel := lastWork(closeRunPatience)
	defer cancel()
	if err == nil {
		_ = s.Teardown(last) // the framework is forgotten in time
	}
	closed := s.Close(last)
	runs := localRuns{f}
	again := runs.Command("workflow resume", work.Header().Run)
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(out.stderr, "interrupted; go on with: %s\n", again)
		return silently(exitInterrupted)
	case err != nil:
		return unreachable(fmt.Errorf("%w\ngo on with: %s", err, again))
	case closed != nil:
		fmt.Fprintf(out.stderr, "kaon: warning: %v\n", closed)
	}
	return board.result(runs, statusOf(work))
}
