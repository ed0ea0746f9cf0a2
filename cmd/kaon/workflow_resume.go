package main

import (
	"context"

	"github.com/kaon-sweep/kaon/workflow/run"
)

type workflowResumeCmd struct {
	Run_ string `arg:"" name:"run" help:"Id of the run."`
	flowServer
	workFlags
}

func (c *workflowResumeCmd) Run(ctx context.Context, out *output) error {
	runs, served, err := c.serverRuns(ctx)
	if err != nil {
		return err
	}
	if !served {
		return c.goOn(ctx, out, c.Run_, func(cfg run.Config) (*run.Run, error) { return run.Open(cfg, c.Run_) })
	}
	board := newFlowBoard(out, c.Quiet, c.JSON)
	board.leaveOut(ctx, runs, c.Run_)
	if _, err := runs.ResumeWorkflow(ctx, c.Run_); err != nil {
		s, unread := runs.WorkflowRun(ctx, c.Run_)
		if unread != nil || !s.State.Ended() { // what has ended is shown
			return answered(err)
		}
	}
	return board.follow(ctx, runs, c.Run_)
}
