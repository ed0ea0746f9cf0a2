package main

import (
	"context"
	"fmt"
)

type workflowPinCmd struct {
	Name string `arg:"" help:"NAME@VERSION that runs from now on where none is named, or NAME@latest for the newest, whichever that is."`
	flowServer
}

func (c *workflowPinCmd) Run(ctx context.Context, out *output) error {
	name, version, latest, err := versionAt(c.Name)
	if err != nil {
		return err
	}
	if version == 0 && !latest {
		return usage(fmt.Errorf("say which version: %s@2, or %s@latest", name, name))
	}
	to, err := c.registered(ctx)
	if err != nil {
		return err
	}
	r, err := to.PinWorkflow(ctx, name, version)
	if err != nil {
		return answered(err)
	}
	_, err = fmt.Fprintf(out.stdout, "%s@%d runs\n", r.Name, r.Version)
	return err
}
