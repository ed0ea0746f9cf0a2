package main

import (
	"context"
	"errors"
	"io"
	"os"
)

type workflowLogsCmd struct {
	Run_    string `arg:"" name:"run" help:"Id of the run."`
	Step    string `arg:"" help:"The step, in a for-each with its iteration, as train[3]."`
	Attempt int    `placeholder:"N" help:"The attempt; the last when left out."`
	Stderr  bool   `help:"What it wrote to standard error."`
	Follow  bool   `short:"f" help:"Go on until the attempt has ended."`
	flowServer
}

// Run prints what a step of a run of a server has written.
func (c *workflowLogsCmd) Run(ctx context.Context, out *output) error {
	from, err := c.at(ctx)
	if err != nil {
		return err
	}
	if from == nil {
		return usage(errors.New("logs of steps are asked of a server: give --server; of a run without one kaon " +
			"logs takes the ids that kaon workflow status --json shows"))
	}
	stream := "stdout"
	if c.Stderr {
		stream = "stderr"
	}
	log, err := from.WorkflowLogs(ctx, c.Run_, c.Step, c.Attempt, stream, 0, c.Follow)
	if err != nil {
		return answered(err)
	}
	defer log.Close()
	_, err = io.Copy(out.stdout, log)
	if ctx.Err() != nil {
		return silently(exitInterrupted)
	}
	if err != nil && !errors.Is(err, os.ErrClosed) {
		return unreachable(err)
	}
	return nil
}
