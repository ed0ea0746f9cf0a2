package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/kaon-sweep/kaon/server"
)

type retryCmd struct {
	Sweep  string `arg:"" help:"Sweep, ended or interrupted."`
	Failed bool   `default:"true" help:"Run the failed trials, and a failed then step (the default, and all there is to run again)."`
	workFlags
}

func (c *retryCmd) Help() string {
	return "Failed trials get their retries back and keep their numbers, parameters and seeds; what they report joins what they reported " +
		"before, and board, winner and state of the sweep are brought up to date. What follows the sweep runs again when another trial has won. Stopped trials stay stopped. It needs the state folder " +
		"that the run left, and the spec's files as they are now."
}

// Run gives the failed trials fresh budgets and watches the sweep to its end, as run does.
func (c *retryCmd) Run(ctx context.Context, out *output) error {
	return c.onTop(ctx, out, c.Sweep, func(ctx context.Context, s *server.Server, told *notices) error {
		_, err := s.Retry(ctx, c.Sweep)
		if errors.Is(err, server.ErrNothingFailed) {
			told.add(fmt.Sprintf("no trial of %s has failed: nothing to run again", c.Sweep))
			return nil
		}
		return err
	})
}
