package main

import (
	"context"
	"strings"
)

type stopCmd struct {
	Target string `arg:"" optional:"" name:"sweep[/trial]" help:"Sweep, the newest when left out; or SWEEP/TRIAL for one trial, a number or \"then\" for one of the newest sweep."`
	Reason string `placeholder:"TEXT" help:"Said in the record instead of \"stopped by the user\"."`
	sendFlags
}

// Run asks for a graceful end: trials get {"stop": true}, SIGTERM, and their grace period.
func (c *stopCmd) Run(ctx context.Context, out *output) error {
	id, trial, err := parseTrial(c.Target)
	switch {
	case err == nil:
		return c.send(ctx, out, id, func(to controller, ctx context.Context, id string) error {
			return to.StopTrial(ctx, id, trial, c.Reason)
		}, sent{Done: "stop", Trial: &trial}, trialText(trial)+" of %s is ending")
	case strings.HasPrefix(c.Target, "/") || strings.Contains(c.Target, "/") && checkSweepName(c.Target) == nil:
		return err
	}
	return c.send(ctx, out, c.Target, func(to controller, ctx context.Context, id string) error {
		return to.Stop(ctx, id, c.Reason)
	}, sent{Done: "stop"}, "%s is ending: running trials have their grace period")
}
