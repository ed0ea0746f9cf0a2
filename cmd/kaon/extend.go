package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/control"
)

type extendCmd struct {
	Sweep    string   `arg:"" help:"Sweep: running, ended or interrupted."`
	Set      []string `placeholder:"KEY=VALUE" sep:"none" help:"What changes of its spec, by its path, as in --set run_cap=80 or --set parameters.lr.max=0.1; may be repeated."`
	Parallel *int     `placeholder:"N" help:"At most so many trials at once from here on; the same as --set limits.parallel=N."`
	Server   string   `env:"KAON_SERVER" placeholder:"URL" help:"The server that has it; found out when left out, or none."`
	workFlags
	anywhere
}

func (c *extendCmd) Help() string {
	return "More trials, other limits, narrower or wider ranges, other values, another method: trials that have " +
		"begun keep their numbers, parameters and " +
		"results, those that have not go on by what is set, and a method that learns is told what was learnt. " +
		"A sweep that runs on this machine is " +
		"changed while it runs; one that has ended or was interrupted goes on here, and is watched to its end " +
		"as by run. What trials are and how they " +
		"are judged cannot change."
}

// Run changes a sweep, and watches it to its end where nobody else does.
func (c *extendCmd) Run(ctx context.Context, out *output) error {
	set := c.Set
	if c.Parallel != nil {
		set = append(set, fmt.Sprintf("limits.parallel=%d", *c.Parallel))
	}
	if len(set) == 0 {
		return usage(errors.New("nothing is to change: say what, as in --set run_cap=80 or --parallel 4"))
	}
	c.Changes = true
	at := resultsFlags{Results: c.Results, Server: c.Server, anywhere: c.anywhere}
	src, err := liveFlags{State: c.State, resultsFlags: at}.open(ctx, out, c.Sweep)
	if err != nil {
		return err
	}
	switch done, err := src.control.Extend(ctx, src.id, set); {
	case errors.Is(err, control.ErrNobody):
		return c.onTop(ctx, out, src.id, func(ctx context.Context, s *server.Server, _ *notices) error {
			_, err := s.Extend(ctx, src.id, set)
			return err
		})
	case err != nil:
		return src.explainControl(ctx, err)
	case c.JSON:
		return json.NewEncoder(out.stdout).Encode(sent{Sweep: src.id, Done: "extend", Trials: &done.Trials,
			From: &done.From})
	default:
		_, err := fmt.Fprintf(out.stdout, "%s goes on with %s in all; what is new goes for trials from %d on\n", src.id,
			plural(done.Trials, "trial"), done.From)
		return err
	}
}
