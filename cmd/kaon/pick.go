package main

import (
	"context"
	"errors"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// resolve finds a sweep of a server by its id, the beginning of one, or a label; an empty text or @latest is the newest.
func resolve(ctx context.Context, from *client.Client, text string) (string, error) {
	id, err := from.Resolve(ctx, text)
	if errors.Is(err, client.ErrAmbiguous) {
		return "", usage(err)
	}
	return id, answered(err)
}

// pick is the sweep that a text names among some, the newest first.
func pick(all []api.Sweep, text string) (string, error) { return client.Pick(all, text) }
