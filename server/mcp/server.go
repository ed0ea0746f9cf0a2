package mcp

import (
	"context"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

const instructions = `Kaon runs sweeps: many trials of one command with different parameters, on a cluster, and picks the best by a metric.
A spec is YAML: name, method, metric, parameters, command, task, limits. Check one with validate, see with plan what it would do, hand it in with
submit (within a budget), wait with watch, then read best, explain, trials and logs. Sweeps are named by id, the beginning of one, a label, or
@latest. Answers are short; each says what it left out and how to get it.`

// New is a server of the protocol with all tools that the config lets through.
func New(cfg Config) *sdk.Server {
	t := &tools{Config: cfg}
	s := sdk.NewServer(&sdk.Implementation{Name: "kaon", Title: "kaon", Version: cfg.Version}, &sdk.ServerOptions{
		Instructions: instructions, Capabilities: &sdk.ServerCapabilities{},
	})
	t.addSpecs(s)
	t.addSweeps(s)
	t.addTrials(s)
	if !cfg.ReadOnly {
		t.addCommands(s)
	}
	return s
}

// Serve serves one agent on standard input and output until that ends, or ctx.
func Serve(ctx context.Context, cfg Config) error { return New(cfg).Run(ctx, &sdk.StdioTransport{}) }
