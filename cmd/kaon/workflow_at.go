package main

import (
	"context"

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
