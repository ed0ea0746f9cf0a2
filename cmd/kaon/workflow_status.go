package main

import (
	"context"
	"fmt"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

type workflowStatusCmd struct {
	Run_ string `arg:"" optional:"" name:"run" help:"Id of the run; the newest when left out."`
	All  bool   `help:"With every iteration of a for-each."`
	JSON bool   `help:"Print JSON."`
	flowFlags
}

func (c *workflowStatusCmd) Run(ctx context.Context, out *output) error {
	runs, id, err := c.runsWith(ctx, c.Run_)
	if err != nil {
		return err
	}
	s, err := runs.Status(ctx, id, c.All)
	if err != nil {
		return err
	}
	messages, err := runs.Messages(ctx, id, 0)
	if err != nil {
		return err
	}
	if c.JSON {
		return flowResult{s, messages}.print(out.stdout)
	}
	state := s.State.Standing(s.Live)
	painterFor(out.stdout).line(s.Run+" ", string(state), fmt.Sprintf(" (%s)", s.File))
	printSteps(out.stdout, s.Steps)
	if line := lateLine(s.WorkflowRun); line != "" {
		fmt.Fprintln(out.stdout, line)
	}
	if s.Reason != "" {
		fmt.Fprintln(out.stdout, s.Reason)
	}
	printOutputs(out.stdout, s.Steps)
	printValues(out.stdout, messages)
	if state == engine.Interrupted {
		fmt.Fprintf(out.stdout, "go on with: %s\n", runs.Command("workflow resume", s.Run))
	}
	return nil
}
