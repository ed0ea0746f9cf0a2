package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/executor"
)

type executorCmd struct {
	Once bool          `help:"Exit after the first task."`
	Idle time.Duration `default:"1m" help:"Exit after so long without a task (${default})."`
}

// Run serves an agent until it says shut down. Everything it needs is in the environment that agents give.
func (c *executorCmd) Run(ctx context.Context, out *output) error {
	cfg, err := executor.FromEnvironment(os.Environ())
	if err != nil {
		return usage(err)
	}
	cfg.Once, cfg.Idle, cfg.Subreaper = c.Once, c.Idle, true
	cfg.Log = slog.New(slog.NewTextHandler(out.stderr, nil)) // the agent keeps it in the sandbox
	return executor.Run(ctx, cfg)
}
