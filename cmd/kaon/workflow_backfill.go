package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
)

type workflowBackfillCmd struct {
	Name     string `arg:"" help:"Name of a registered workflow that has a cron."`
	From     string `placeholder:"DATE" help:"The first day, or time, in the zone of the cron: 2026-01-01, 2026-01-01T12:00."`
	To       string `placeholder:"DATE" help:"The last day, which is in it, or time."`
	Parallel int    `default:"1" placeholder:"N" help:"Runs at once (${default})."`
	Trigger  string `placeholder:"NAME" help:"Of several crons, which."`
	DryRun   bool   `help:"Print the times, and begin nothing."`
	Stop     bool   `help:"Have no more runs begin of those that were asked for before."`
	JSON     bool   `help:"Print JSON."`
	flowServer
}

func (c *workflowBackfillCmd) Help() string {
	return "A time that has a run already, by the clock or an earlier backfill, gets no other: what failed is " +
		"run again by kaon workflow restart. " +
		"Runs of a backfill are bounded by --parallel alone, not by the workflow's run_strategy."
}

func (c *workflowBackfillCmd) Run(ctx context.Context, out *output) error {
	if !c.Stop && (c.From == "" || c.To == "") {
		return usage(fmt.Errorf("say of which days: --from 2026-01-01 --to 2026-01-31"))
	}
	to, err := c.registered(ctx)
	if err != nil {
		return err
	}
	if c.Stop {
		r, err := to.StopBackfills(ctx, c.Name)
		if err != nil {
			return answered(err)
		}
		_, err = fmt.Fprintf(out.stdout, "%s: no more begin; those at work go on\n", r.Name)
		return err
	}
	b, err := to.BackfillWorkflow(ctx, c.Name,
		api.BackfillRequest{From: c.From, To: c.To, Parallel: c.Parallel, Trigger: c.Trigger, Dry: c.DryRun})
	switch {
	case err != nil:
		return answered(err)
	case c.JSON:
		return json.NewEncoder(out.stdout).Encode(b)
	case c.DryRun:
		return printTimes(out, c.Name, b)
	}
	_, err = fmt.Fprintf(out.stdout, "%s@%d: %s of %s; kaon workflow list shows how far it is\n", c.Name, b.Version,
		plural(b.Total, "time"), b.Trigger)
	return err
}

// printTimes tells what a backfill would make, in the zone of its cron.
func printTimes(out *output, name string, b api.Backfill) error {
	zone, err := time.LoadLocation(b.Zone)
	if err != nil {
		zone = time.UTC // this machine does not know it
	}
	for _, at := range b.First {
		if _, err := fmt.Fprintln(out.stdout, time.UnixMilli(at).In(zone).Format(time.RFC3339)); err != nil {
			return err
		}
	}
	more := ""
	if n := b.Total - len(b.First); n > 0 {
		more = fmt.Sprintf(", %d more than are shown", n)
	}
	_, err = fmt.Fprintf(out.stdout, "%s@%d: %s of %s%s; none has begun\n", name, b.Version, plural(b.Total, "time"),
		b.Trigger, more)
	return err
}
