package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/registry"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/run"
)

type workflowRegisterCmd struct {
	File  string `arg:"" help:"Workflow file."`
	Queue string `placeholder:"QUEUE" help:"The queue of its runs, for steps that name none."`
	JSON  bool   `help:"Print JSON."`
	flowServer
}

func (c *workflowRegisterCmd) Help() string {
	return "Its folder is kept with it, and a version never changes. What is the same as the newest version makes none."
}

func (c *workflowRegisterCmd) Run(ctx context.Context, out *output) error {
	wf, err := readFlow(c.File)
	if err != nil {
		return err
	}
	if err := registry.CheckName(run.NameOf(wf)); err != nil {
		return usage(fmt.Errorf("%s: %w", c.File, err))
	}
	for _, w := range wf.Warnings {
		fmt.Fprintf(out.stderr, "kaon: warning: %v\n", w)
	}
	to, err := c.registered(ctx)
	if err != nil {
		return err
	}
	sub := api.WorkflowSubmission{Source: string(wf.Source), File: filepath.Base(wf.File), Queue: c.Queue}
	if sub.Folder, err = uploadFolder(ctx, out, to, filepath.Dir(wf.File)); err != nil {
		return err
	}
	r, err := to.RegisterWorkflow(ctx, sub)
	if err != nil {
		return explainProblem(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(r)
	}
	switch {
	case !r.New:
		_, err = fmt.Fprintf(out.stdout, "%s@%d is that already\n", r.Name, r.Latest)
	case r.Version != r.Latest:
		_, err = fmt.Fprintf(out.stdout,
			"%s@%d registered; %s@%d is pinned, and runs until kaon workflow pin %s@latest\n", r.Name, r.Latest, r.Name,
			r.Version, r.Name)
	default:
		_, err = fmt.Fprintf(out.stdout, "%s@%d registered; run it with: kaon workflow run %s --server %s\n", r.Name,
			r.Latest, r.Name, orOwn(c.Server))
	}
	return err
}

// readFlow reads a workflow file by its absolute path.
func readFlow(name string) (*workflow.Workflow, error) {
	file, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, usage(fmt.Errorf("read the workflow: %w", err))
	}
	wf, err := run.Parse(file, src, run.ReadsFiles(file))
	if err != nil {
		return nil, usage(err)
	}
	return wf, nil
}

func orOwn(server string) string {
	if server == "" {
		return ownAddress
	}
	return server
}

type workflowUnregisterCmd struct {
	Name string `arg:"" help:"Name of a registered workflow."`
	flowServer
}

func (c *workflowUnregisterCmd) Run(ctx context.Context, out *output) error {
	to, err := c.registered(ctx)
	if err != nil {
		return err
	}
	if err := to.RemoveRegistered(ctx, c.Name); err != nil {
		return answered(err)
	}
	_, err = fmt.Fprintf(out.stdout, "%s: gone, with its versions; its runs stay\n", c.Name)
	return err
}
