package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/sweep"
)

type watchCmd struct {
	Sweep   string `arg:"" optional:"" help:"Sweep, or the beginning of its id; all when left out, and the newest where there is no screen to fill."`
	Quiet   bool   `short:"q" help:"No progress; only what must be known, and the result."`
	Plain   bool   `help:"A bar and lines on a terminal too, instead of a screen; ends with the sweep."`
	JSON    bool   `help:"Print the sweep as one JSON object when it has ended; progress goes to standard error."`
	Results string `placeholder:"PLACE" help:"Folder or s3://bucket/prefix to show on a screen, instead of a server; kaon-results when no server of yours runs on this machine."`
	State   string `aliases:"state-dir" placeholder:"DIR" help:"Folder of journals and sandboxes, as given to run; beside --results."`
	serverFlags
}

// Help implements kong's help provider.
func (c *watchCmd) Help() string {
	return "On a terminal: all sweeps, one with its states, trials, curves and failures, and a trial with what " +
		"it writes; keys are shown at the bottom, " +
		"and nothing is changed. Left with a sweep that was named, it ends as that has: 0 when it succeeded. " +
		"In a pipe, and with --plain, --quiet or " +
		"--json, it shows one sweep of a server until it has ended."
}

func (c *watchCmd) Run(ctx context.Context, out *output) error {
	if !c.Quiet && !c.Plain && !c.JSON && canFill(out) {
		return c.fill(ctx, out)
	}
	if c.Results != "" {
		return usage(errors.New("--results shows sweeps on a terminal of its own; here `kaon status` says how " +
			"one stands"))
	}
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

// readerAt finds what is to be shown: the folder that is named, else the server, else the folder of results here.
func (c *watchCmd) readerAt(ctx context.Context) (*watchReader, error) {
	r := &watchReader{flags: liveFlags{State: c.State}, said: &lastLine{}}
	if c.Results == "" {
		from, err := c.client(ctx)
		switch {
		case err == nil:
			r.flags.Server, r.place = from.Address(), "the server at "+from.Address()
			return r, nil
		case c.Server != "" || !errors.Is(err, errNoServer):
			return nil, err
		}
		c.Results = os.Getenv("KAON_RESULTS")
		if c.Results == "" {
			c.Results = "kaon-results"
		}
		if resultsAt(c.Results) != nil {
			return nil, usage(errors.New(errNoServer.Error() + "; or say with --results where results are"))
		}
	}
	if err := resultsAt(c.Results); err != nil {
		return nil, err
	}
	r.flags.Results, r.place = c.Results, c.Results
	return r, nil
}

// fill shows sweeps on the whole terminal until the user leaves.
func (c *watchCmd) fill(ctx context.Context, out *output) error {
	from, err := c.readerAt(ctx)
	if err != nil {
		return err
	}
	id := ""
	if c.Sweep != "" {
		src, err := from.flags.open(ctx, out, c.Sweep)
		if err != nil {
			return err
		}
		if _, err := src.board(ctx, out); err != nil { // who named one that is not there is told so
			return err
		}
		id = src.id
	}
	tty, err := takeFullScreen(out)
	if err != nil {
		return unreachable(fmt.Errorf("take the terminal: %w", err))
	}
	defer tty.leave()
	(&watchScreen{ctx: ctx, tty: tty, from: from}).run(id)
	tty.leave()
	switch {
	case ctx.Err() != nil:
		return silently(exitInterrupted)
	case id == "":
		return nil
	}
	return from.farewell(ctx, out, id)
}

// farewell says how a sweep stands that the user named and looks at no more, and answers as that ended.
func (r *watchReader) farewell(ctx context.Context, out *output, id string) error {
	src, err := r.flags.open(ctx, out, id)
	if err != nil {
		return err
	}
	if src.remote != nil {
		return farewellOf(ctx, out, src.remote, id)
	}
	s, live, err := src.alive(ctx)
	if err == nil && !live {
		s, err = src.stored(ctx, out)
	}
	switch {
	case err != nil:
		return err
	case live:
		fmt.Fprintln(out.stderr, interruptedText(id))
		return silently(exitInterrupted)
	}
	if known, err := store.ReadSweep(ctx, src.bucket, src.id); err == nil {
		s.Metric = known.Objective.Name
	}
	if err := printStatus(out.stdout, s); err != nil {
		return err
	}
	if s.State != string(sweep.PhaseSucceeded) {
		return silently(exitFailed)
	}
	return nil
}

// farewellOf is the same of a server's sweep.
func farewellOf(ctx context.Context, out *output, from *client.Client, id string) error {
	s, err := from.Sweep(ctx, id)
	if err != nil {
		return answered(err)
	}
	if !s.Over() {
		fmt.Fprintln(out.stderr, interruptedText(id))
		return silently(exitInterrupted)
	}
	return (&remoteWatch{out: out, from: from, id: id, quiet: true}).run(ctx)
}
