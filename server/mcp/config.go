package mcp

import (
	"context"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// Config says what tools are over. Connect is required.
type Config struct {
	// Connect is a way to the server. It is called for each tool that is used, as the server may begin, or begin again,
	// meanwhile.
	Connect func(context.Context) (*client.Client, error)
	// Read reads a spec from a file of the agent's machine, with what it names beside itself, for a server. nil: the
	// tools take the text of specs alone.
	Read    func(ctx context.Context, to *client.Client, file string, set []string) (api.Submission, error)
	Version string

	ReadOnly   bool // only tools that change nothing
	AllowWrite bool // tools, too, whose effect cannot be undone
	Budget     Budget
	Sweeps     int // how many may be submitted; 0: as many as are wanted
}

// tools are a Config with what was done.
type tools struct {
	Config
	submitted submissions
}
