package main

import (
	"context"
	"errors"

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

// registered is a way to the server that registered workflows are asked of: this user's own when none is named.
func (f flowServer) registered(ctx context.Context) (*client.Client, error) {
	if f.Server == "" {
		f.Server = ownAddress
	}
	to, err := f.at(ctx)
	if err == nil && to == nil {
		err = usage(errors.New("workflows are registered on a server: give --server URL, or start one with kaon serve"))
	}
	return to, err
}
