package main

import (
	"context"
	"encoding/json"
	"fmt"
)

type whoamiCmd struct {
	JSON bool `help:"Print JSON."`
	serverFlags
}

func (c *whoamiCmd) Run(ctx context.Context, out *output) error {
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	who, err := to.WhoAmI(ctx)
	if err != nil {
		return answered(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(who)
	}
	_, err = fmt.Fprintf(out.stdout, "%s, %s, at %s\n", who.Name, who.Role, to.Address())
	return err
}
