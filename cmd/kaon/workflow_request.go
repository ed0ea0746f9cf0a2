package main

import (
	"context"
	"fmt"

	"github.com/kaon-sweep/kaon/workflow/run"
)

type workflowCancelCmd struct {
	Run_   string `arg:"" name:"run" help:"Id of the run."`
	Reason string `placeholder:"TEXT" help:"Why."`
	flowFlags
}

func (c *workflowCancelCmd) Run(ctx context.Context, out *output) error {
	return c.ask(ctx, out, c.Run_, run.Request{Kind: run.CancelRun, Reason: c.Reason})
}

type workflowApproveCmd struct {
	Run_ string `arg:"" name:"run" help:"Id of the run."`
	Step string `arg:"" help:"The step, in a for-each with its iteration, as check[3]."`
	flowFlags
}

func (c *workflowApproveCmd) Run(ctx context.Context, out *output) error {
	return c.ask(ctx, out, c.Run_, run.Request{Kind: run.ApproveStep, Step: c.Step})
}

type workflowSkipCmd struct {
	Run_ string `arg:"" name:"run" help:"Id of the run."`
	Step string `arg:"" help:"The step, in a for-each with its iteration, as check[3]."`
	flowFlags
}

func (c *workflowSkipCmd) Run(ctx context.Context, out *output) error {
	return c.ask(ctx, out, c.Run_, run.Request{Kind: run.SkipStep, Step: c.Step})
}

// ask asks something of a run, and says where the answer is still out.
func (f flowFlags) ask(ctx context.Context, out *output, id string, q run.Request) error {
	runs, err := f.runs(ctx)
	if err != nil {
		return err
	}
	a, err := runs.Ask(ctx, id, q)
	switch {
	case err != nil:
		return err
	case a.Idle:
		tellIdle(out, runs, id)
	case a.Left && q.Kind == run.ApproveStep:
		fmt.Fprintf(out.stderr, "left for %s, which takes it when the step waits for it and %s may approve it\n", id,
			askedBy())
	}
	return nil
}

// tellIdle says that nobody works on a run of which something was asked.
func tellIdle(out *output, runs flowRuns, id string) {
	fmt.Fprintf(out.stderr, "no process works on %s; it takes this when it goes on, with: %s\n", id,
		runs.Command("workflow resume", id))
}
