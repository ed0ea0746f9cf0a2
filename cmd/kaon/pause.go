package main

import (
	"context"
)

type pauseCmd struct {
	Sweep string `arg:"" optional:"" help:"Sweep; the newest when left out."`
	sendFlags
}

func (c *pauseCmd) Run(ctx context.Context, out *output) error {
	return c.send(ctx, out, c.Sweep, controller.Pause, sent{Done: "pause"},
		"%[1]s is paused: running trials finish, no more start until `kaon resume %[1]s`")
}

type resumeCmd struct {
	Sweep string `arg:"" optional:"" help:"Sweep; the newest when left out."`
	sendFlags
}

func (c *resumeCmd) Run(ctx context.Context, out *output) error {
	return c.send(ctx, out, c.Sweep, controller.Resume, sent{Done: "resume"}, "%s goes on")
}
