package main

import (
	"context"
	"errors"
	"fmt"
)

type workflowRemoveCmd struct {
	Run_ string `arg:"" name:"run" help:"Id of the run, which must have ended."`
	flowServer
}

func (c *workflowRemoveCmd) Run(ctx context.Context, out *output) error {
	from, err := c.at(ctx)
	if err != nil {
		return err
	}
	if from == nil {
		return usage(errors.New("runs of a server are removed so: give --server; of a run without one remove " +
			"its folder in .state/workflows of the results"))
	}
	d, err := from.DeleteWorkflow(ctx, c.Run_)
	if err != nil {
		return answered(err)
	}
	_, err = fmt.Fprintf(out.stdout, "%s: gone, with %s of the results (%d bytes)\n", c.Run_,
		plural(d.Objects, "object"), d.Bytes)
	return err
}
