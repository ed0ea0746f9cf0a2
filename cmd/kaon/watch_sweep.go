package main

import "context"

type watchCmd struct {
	Sweep string `arg:"" optional:"" help:"Sweep, or the beginning of its id; the newest when left out."`
	Quiet bool   `short:"q" help:"No progress; only what must be known, and the result."`
	JSON  bool   `help:"Print the sweep as one JSON object when it has ended; progress goes to standard error."`
	serverFlags
}

func (c *watchCmd) Run(ctx context.Context, out *output) error {
	from, err := c.client(ctx)
	if err != nil {
		return err
	}
	id, err := resolve(ctx, from, c.Sweep)
	if err != nil {
		return err
	}
	return (&remoteWatch{out: out, from: from, id: id, quiet: c.Quiet, json: c.JSON}).run(ctx)
}
