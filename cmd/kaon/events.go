package main

import (
	"context"
	"fmt"
	"io"
)

type eventsCmd struct {
	Sweep string `arg:"" optional:"" help:"Only of this sweep; of all when left out."`
	After string `placeholder:"N" help:"Only what came behind the event of this number, as far as it is kept."`
	serverFlags
}

func (c *eventsCmd) Help() string {
	return "Prints server-sent events as they come: first a snapshot, then what changes, each with a " +
		"number for --after."
}

func (c *eventsCmd) Run(ctx context.Context, out *output) error {
	from, err := c.client(ctx)
	if err != nil {
		return err
	}
	id := ""
	if c.Sweep != "" {
		if id, err = resolve(ctx, from, c.Sweep); err != nil {
			return err
		}
	}
	events, err := from.Events(ctx, id, c.After)
	if err != nil {
		return answered(err)
	}
	defer events.Close()
	_, err = io.Copy(out.stdout, events)
	if ctx.Err() != nil {
		return silently(exitInterrupted)
	}
	if err == nil {
		err = fmt.Errorf("the server ended the stream")
	}
	return unreachable(err)
}
