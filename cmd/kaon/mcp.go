package main

import (
	"context"
	"errors"
	"time"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/server/mcp"
)

type mcpCmd struct {
	ReadOnly    bool    `xor:"write" help:"Only tools that change nothing."`
	AllowWrite  bool    `xor:"write" help:"The tool, too, that ends sweeps and trials, which cannot be undone."`
	MaxTrials   int     `default:"1000" placeholder:"N" help:"At most so many trials in a sweep that an agent submits; 0: no bound (${default})."`
	MaxHours    float64 `default:"24" placeholder:"H" help:"At most so many hours for a sweep; 0: no bound (${default})."`
	MaxCPUHours float64 `name:"max-cpu-hours" default:"1000" placeholder:"H" help:"At most so many cpu-hours for a sweep, in the worst case; 0: no bound (${default})."`
	MaxSweeps   int     `default:"20" placeholder:"N" help:"At most so many sweeps as long as this runs; 0: no bound (${default})."`
	serverFlags
}

func (c *mcpCmd) Help() string {
	return "Started by a coding agent's program, not by people: it speaks the Model Context Protocol on standard " +
		"input and output, and offers tools to check, plan, " +
		"submit, watch and read sweeps of a server. docs/mcp.md has the settings of common programs."
}

func (c *mcpCmd) Run(ctx context.Context, out *output) error {
	if c.MaxTrials < 0 || c.MaxHours < 0 || c.MaxCPUHours < 0 || c.MaxSweeps < 0 {
		return usage(errors.New("a bound is not negative: 0 stands for none"))
	}
	err := mcp.Serve(ctx, mcp.Config{
		Connect: c.client, Read: c.reader(out), Version: versionString(), ReadOnly: c.ReadOnly || c.onlyViews(ctx),
		AllowWrite: c.AllowWrite,
		Budget:     mcp.Budget{Trials: c.MaxTrials, Hours: c.MaxHours, CPUHours: c.MaxCPUHours}, Sweeps: c.MaxSweeps,
	})
	if ctx.Err() != nil { // whoever started it has ended it
		return nil
	}
	return err
}

// roleWait is how long the agent's program is kept waiting for a server to say who it is asked by.
const roleWait = 3 * time.Second

// onlyViews tells whether the server is there and lets this caller read alone: tools that it would refuse are not
// offered.
func (c *mcpCmd) onlyViews(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, roleWait)
	defer cancel()
	to, err := c.client(ctx)
	if err != nil {
		return false
	}
	who, err := to.WhoAmI(ctx)
	return err == nil && who.Role == access.Viewer
}

// reader reads specs for the server's tools as submit does.
func (c *mcpCmd) reader(out *output) func(context.Context, *client.Client, string, []string) (api.Submission, error) {
	return func(ctx context.Context, to *client.Client, file string, set []string) (api.Submission, error) {
		if file == "-" {
			return api.Submission{}, errors.New("file: want a path; standard input is the protocol's")
		}
		f := specFlags{Spec: file, Set: set}
		spec, err := f.parse(ctx)
		if err != nil {
			return api.Submission{}, err
		}
		return f.submission(ctx, out, to, spec)
	}
}
