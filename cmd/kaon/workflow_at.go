package main

import (
	"context"
	"fmt"

	"github.com/kaon-sweep/kaon/server/client"
)

// flowServer says whether a server has the runs.
type flowServer struct {
	Server string `env:"KAON_SERVER" placeholder:"URL" help:"Runs of this server: its address, or own for yours on this machine. Left out, or none: those of the results' folder, which no server has. Commands that are of registered workflows alone ask yours when it is left out."`
}

// at is a way to the server; nil: none is asked.
func (f flowServer) at(ctx context.Context) (*client.Client, error) {
	if f.Server == "" || f.Server == noServer {
		return nil, nil
	}
	return serverFlags{f.Server}.client(ctx)
}

// ran is the run that is meant: the newest when none is named.
func (f flowServer) ran(ctx context.Context, from *client.Client, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	all, err := from.WorkflowRuns(ctx, nil)
	if err != nil {
		return "", answered(err)
	}
	if len(all) == 0 {
		return "", usage(fmt.Errorf("%s has no runs of workflows: begin one with kaon workflow run FILE --server %s", from.Address(), f.Server))
	}
	return all[0].Run, nil
}
