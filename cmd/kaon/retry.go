package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/kaon-sweep/kaon/server"
)

type retryCmd struct {
	Sweep  string `arg:"" help:"Sweep, or the beginning of its id, ended or interrupted."`
	Failed bool   `default:"true" help:"Run the failed trials, and a failed then step (the default, and all there is to run again)."`
	Server string `env:"KAON_SERVER" placeholder:"URL" help:"The server that has it; found out when left out, or none."`
	workFlags
	anywhere
}

func (c *retryCmd) Help() string {
	return "Failed trials get their retries back and keep their numbers, parameters and seeds; what they report " +
		"joins what they reported " +
		"before, and board, winner and state of the sweep are brought up to date. What follows the sweep runs " +
		"again when another trial has won. Stopped trials stay stopped. It needs the state folder " +
		"that the run left, and the spec's files as they are now."
}

// Run gives the failed trials fresh budgets and watches the sweep to its end, as run does.
func (c *retryCmd) Run(ctx context.Context, out *output) error {
	at, named := serverFlags{c.Server}, c.Sweep
	if at.Server == "" {
		c.Changes = true
		where, err := resultsFlags{Results: c.Results, anywhere: c.anywhere}.decided(ctx, out, c.Sweep)
		if err != nil {
			return err
		}
		at.Server = where.Server
	}
	if at.Server == "" {
		var err error
		if named, err = c.named(ctx, c.Sweep); err != nil {
			return err
		}
		if served, ok := (liveFlags{State: c.State, resultsFlags: resultsFlags{Results: c.Results}}).server(named); ok {
			at.Server = served
		}
	}
	if at.Server != "" {
		to, err := at.client(ctx)
		if err != nil {
			return err
		}
		id, err := resolve(ctx, to, named)
		if err != nil {
			return err
		}
		if _, err := to.Retry(ctx, id); err != nil {
			return answered(err)
		}
		return (&remoteWatch{out: out, from: to, id: id, quiet: c.Quiet, json: c.JSON, result: true}).run(ctx)
	}
	return c.onTop(ctx, out, named, func(ctx context.Context, s *server.Server, told *notices) error {
		_, err := s.Retry(ctx, named)
		if errors.Is(err, server.ErrNothingFailed) {
			told.add(fmt.Sprintf("no trial of %s has failed: nothing to run again", named))
			return nil
		}
		return err
	})
}
