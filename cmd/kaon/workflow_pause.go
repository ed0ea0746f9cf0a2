package main

import (
	"context"
	"fmt"
)

type workflowPauseCmd struct {
	Name string `arg:"" help:"Name of a registered workflow."`
	flowServer
}

func (c *workflowPauseCmd) Run(ctx context.Context, out *output) error {
	return c.pause(ctx, out, c.Name, true)
}

type workflowUnpauseCmd struct {
	Name string `arg:"" help:"Name of a registered workflow."`
	flowServer
}

func (c *workflowUnpauseCmd) Help() string {
	return "What was due while they were paused does not run by itself: kaon workflow backfill makes it."
}

func (c *workflowUnpauseCmd) Run(ctx context.Context, out *output) error {
	return c.pause(ctx, out, c.Name, false)
}

func (f flowServer) pause(ctx context.Context, out *output, name string, paused bool) error {
	to, err := f.registered(ctx)
	if err != nil {
		return err
	}
	r, err := to.PauseWorkflow(ctx, name, paused)
	if err != nil {
		return answered(err)
	}
	switch {
	case paused:
		_, err = fmt.Fprintf(out.stdout, "%s: paused; go on with: kaon workflow unpause %s\n", r.Name, r.Name)
	case r.Next > 0:
		_, err = fmt.Fprintf(out.stdout, "%s: due next at %s\n", r.Name, timeText(r.Next))
	default:
		_, err = fmt.Fprintf(out.stdout, "%s: its triggers begin runs again\n", r.Name)
	}
	return err
}
