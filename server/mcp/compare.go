package mcp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/server/client"
)

type compareArgs struct {
	Sweeps []string `json:"sweeps" jsonschema:"two to twenty: a sweep, for its best trial, or SWEEP/TRIAL"`
	Limit  int      `json:"limit,omitempty" jsonschema:"how many rows of each kind, 30 when absent, at most 100"`
}

func compareAll(ctx context.Context, to *client.Client, in compareArgs) (any, error) {
	if len(in.Sweeps) < 2 {
		return nil, errors.New("sweeps: give two or more, as SWEEP or SWEEP/TRIAL")
	}
	var names []string
	for _, text := range in.Sweeps {
		name, trial, named := strings.Cut(text, "/")
		id, err := to.Resolve(ctx, name)
		if err != nil {
			return nil, err
		}
		if named {
			id += "/" + trial
		}
		names = append(names, id)
	}
	c, err := to.Compare(ctx, names)
	if err != nil {
		return nil, err
	}
	limit := atMost(in.Limit, 30, 100)
	left := c.Left + max(len(c.Params)-limit, 0) + max(len(c.Metrics)-limit, 0) + max(len(c.Settings)-limit, 0)
	c.Params, c.Metrics, c.Settings = c.Params[:min(len(c.Params), limit)], c.Metrics[:min(len(c.Metrics), limit)],
		c.Settings[:min(len(c.Settings), limit)]
	for _, row := range append(c.Params[:len(c.Params):len(c.Params)], c.Settings...) {
		for i := range row.Values {
			row.Values[i] = shortJSON(row.Values[i], 100)
		}
	}
	c.Left = 0
	out := struct {
		Of   any    `json:"comparison"`
		Left string `json:"left_out,omitempty"`
	}{Of: c}
	if left > 0 {
		out.Left = fmt.Sprintf("%d rows; raise limit, or kaon compare %s shows all", left, strings.Join(names, " "))
	}
	return out, nil
}
