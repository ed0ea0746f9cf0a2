package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/sweep"
)

// joins is the server that is to run the sweep; nil: this process runs it.
func (c *runFlags) joins(ctx context.Context, spec *sweep.Spec) (*client.Client, error) {
	switch {
	case c.Server == noServer:
		return nil, nil
	case c.Server != "":
		return serverFlags{c.Server}.client(ctx)
	case spec.Then != nil && spec.Then.Next != nil: // a server runs one spec
		return nil, nil
	case c.State != "" || c.Metrics != "" || c.Cluster != localCluster:
		return nil, nil
	}
	for _, mine := range ownServers() {
		if mine.Results != absolutePlace(c.Results) {
			continue
		}
		to, err := clientAt(mine.Server)
		if err == nil {
			_, err = to.WhoAmI(ctx)
		}
		if errors.Is(err, client.ErrNobody) { // it has ended without a word
			continue
		}
		return to, answered(err)
	}
	return nil, nil
}

// join hands the sweep to a server and shows it until it has ended.
func (c *runFlags) join(
	ctx context.Context, out *output, from specFlags, spec *sweep.Spec, to *client.Client,
) (at ranAt, _ error) {
	if !c.Quiet {
		fmt.Fprintf(out.stderr, "kaon: the server at %s runs it; --server %s has this process do so\n", to.Address(),
			noServer)
	}
	s, err := c.changed(from).submit(ctx, out, to, spec, nil, "")
	if err != nil {
		return at, c.asTyped(err)
	}
	at = ranAt{s.ID, to.Address()}
	c.begins(at)
	if c.Open {
		if err := (&uiCmd{Sweep: s.ID, Open: true, serverFlags: serverFlags{Server: to.Address()}}).Run(ctx,
			&output{out.stderr, out.stderr}); err != nil {
			fmt.Fprintf(out.stderr, "kaon: warning: the dashboard cannot be opened: %v\n", err)
		}
	}
	return at, (&remoteWatch{out: out, from: to, id: s.ID, quiet: c.Quiet, json: c.JSON, result: true}).run(ctx)
}
