package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
)

type workflowRunCmd struct {
	File       string   `arg:"" help:"Workflow file."`
	Parameters []string `name:"parameter" short:"p" sep:"none" placeholder:"NAME=VALUE" help:"A parameter of the workflow; the value is YAML. May be repeated."`
	workFlags
}

type workflowResumeCmd struct {
	Run_ string `arg:"" name:"run" help:"Id of the run."`
	workFlags
}

type workflowRestartCmd struct {
	Run_       string   `arg:"" name:"run" help:"Id of the run."`
	From       []string `placeholder:"STEP" help:"Run this step again, and all that follows it; may be repeated. Left out, what failed is run again."`
	Parameters []string `name:"parameter" short:"p" sep:"none" placeholder:"NAME=VALUE" help:"Another value of a parameter; may be repeated."`
	workFlags
}

// workflowsFolder is the name of the folder of all runs of workflows among those of sweeps.
const workflowsFolder = "workflows"

func (c *workflowRunCmd) Run(ctx context.Context, out *output) error {
	file, err := filepath.Abs(c.File)
	if err != nil {
		return err
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return usage(fmt.Errorf("read the workflow: %w", err))
	}
	wf, err := run.Parse(file, src)
	if err != nil {
		return usage(err)
	}
	given, err := parseGiven(c.Parameters, wf)
	if err != nil {
		return err
	}
	if given, err = wf.Bind(given); err != nil {
		return usage(fmt.Errorf("%s: %w", c.File, err))
	}
	for _, w := range wf.Warnings {
		fmt.Fprintf(out.stderr, "kaon: warning: %v\n", w)
	}
	name := wf.Name
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	id := run.NewID(name)
	return c.goOn(ctx, out, id, func(cfg run.Config) (*run.Run, error) { return run.Create(cfg, id, "", wf, given) })
}

func (c *workflowResumeCmd) Run(ctx context.Context, out *output) error {
	return c.goOn(ctx, out, c.Run_, func(cfg run.Config) (*run.Run, error) { return run.Open(cfg, c.Run_) })
}

func (c *workflowRestartCmd) Run(ctx context.Context, out *output) error {
	return c.goOn(ctx, out, c.Run_, func(cfg run.Config) (*run.Run, error) {
		r, err := run.Open(cfg, c.Run_)
		if err != nil {
			return nil, err
		}
		given, err := parseGiven(c.Parameters, r.Workflow())
		if err == nil {
			err = r.Restart(c.From, given)
		}
		if err != nil {
			return nil, errors.Join(usage(err), r.Close())
		}
		return r, nil
	})
}

// parseGiven reads NAME=VALUE pairs: what is a text in the workflow as it is typed, other values as YAML.
func parseGiven(pairs []string, wf *workflow.Workflow) (map[string]any, error) {
	given := map[string]any{}
	for _, pair := range pairs {
		name, text, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usage(fmt.Errorf("--parameter %s: write NAME=VALUE", pair))
		}
		isText := slices.ContainsFunc(wf.Parameters, func(p workflow.Parameter) bool {
			return p.Name == name && (p.Type.Kind == workflow.String || p.Type.Kind == workflow.File)
		})
		if isText {
			given[name] = text
			continue
		}
		tree, err := sweep.ReadTree("--parameter "+name, []byte("value: "+text))
		if err != nil || tree.Get("value") == nil {
			given[name] = text // a text that is no YAML
			continue
		}
		v, err := workflow.ExpandTree(tree.Get("value"), nil)
		if err != nil || strings.Contains(text, "${") {
			v = text
		}
		given[name] = v
	}
	return given, nil
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
	cluster := &workflows.Cluster{Bucket: r.bucket}
	board := newFlowBoard(out, f.Quiet, f.JSON)
	work, err := begin(run.Config{Folder: folder, Cluster: cluster, Told: board.told, Version: versionString()})
	if err != nil {
		return f.explainRun(id, err)
	}
	s, told, err := r.openWith(ctx, func(cfg *server.Config) {
		cfg.Folder, cfg.FrameworkName = filepath.Join(run.Folder(folder, id), "cluster"), "kaon "+id
	})
	if err != nil {
		return errors.Join(err, work.Close())
	}
	cluster.Server = s
	board.begin(work, s.Place(), f.Results)
	watching := board.watch(work, told)
	view, err := work.Work(ctx)
	watching()
	return f.finishRun(out, s, id, view, err, board)
}

// explainRun says what to do when a run cannot be opened.
func (f *workFlags) explainRun(id string, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return usage(fmt.Errorf("no run %q in %s; kaon workflow list shows those there are, --results and --state say where to look", id, f.state(workflowsFolder)))
	case errors.Is(err, run.ErrLocked):
		return usage(fmt.Errorf("another process works on run %s: kaon workflow status %s shows it", id, id))
	case errors.Is(err, run.ErrDamaged):
		return unreachable(err)
	}
	return err
}

// closeRunPatience is how long the server of a run may take to close.
const closeRunPatience = 30 * time.Second

// finishRun closes the server, prints how the run ended, and answers with the exit code.
func (f *workFlags) finishRun(out *output, s *server.Server, id string, view engine.View, err error, board *flowBoard) error {
	last, cancel := lastWork(closeRunPatience)
	defer cancel()
	if err == nil {
		_ = s.Teardown(last) // the framework is forgotten in time
	}
	closed := s.Close(last)
	again := goOn("workflow resume", id, f.Results, f.State, f.Cluster)
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(out.stderr, "interrupted; go on with: %s\n", again)
		return silently(exitInterrupted)
	case err != nil:
		return unreachable(fmt.Errorf("%w\ngo on with: %s", err, again))
	case closed != nil:
		fmt.Fprintf(out.stderr, "kaon: warning: %v\n", closed)
	}
	if err := board.result(id, view, f); err != nil {
		return err
	}
	if view.State != engine.Succeeded {
		return silently(exitFailed)
	}
	return nil
}

// flowResult is what `kaon workflow run --json` prints, and `status --json`: a contract for scripts.
type flowResult struct {
	Run      string `json:"run"`
	Workflow string `json:"workflow"`
	engine.View
	Seconds float64 `json:"seconds"`
	Live    bool    `json:"live"` // a process works on it
}

func flowSeconds(v engine.View) float64 {
	end := v.Ended
	if end == 0 {
		end = time.Now().UnixMilli()
	}
	if v.Began == 0 {
		return 0
	}
	return float64(end-v.Began) / 1000
}

func printFlow(w io.Writer, v flowResult) error {
	enc := json.NewEncoder(w)
	return enc.Encode(v)
}
