package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

type workflowSignalCmd struct {
	Run_    string `arg:"" name:"run" help:"Id of the run."`
	Name    string `arg:"" help:"The signal that a wait step has."`
	Payload string `arg:"" optional:"" help:"What that step puts out: a JSON object, or any other value or text, as payload."`
	flowFlags
}

func (c *workflowSignalCmd) Run(ctx context.Context, out *output) error {
	var payload json.RawMessage
	if c.Payload != "" {
		var err error
		if payload, err = jsonOrText(c.Payload); err != nil {
			return err
		}
	}
	if err := steps.CheckSignal(c.Name); err != nil {
		return usage(err)
	}
	if err := c.ask(ctx, out, c.Run_, run.Request{Kind: run.SignalRun, Name: c.Name, Body: payload}); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out.stdout, "%s has the signal %s: a step that waits for it goes on, or one that will\n",
		c.Run_, c.Name)
	return err
}
