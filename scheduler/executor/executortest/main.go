package executortest

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/stdio"
	"github.com/kaon-sweep/kaon/scheduler/executor"
)

// Main is TestMain of a package whose tests have agents in their own process: those start this very file, by
// `FILE executor`, as the executor.
func Main(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "executor" {
		if err := run(); err != nil {
			slog.Error("executor", "err", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func run() error {
	if err := executor.Conceal(); err != nil {
		return err
	}
	cfg, err := executor.FromEnvironment(os.Environ())
	if err != nil {
		return err
	}
	if slices.Contains(os.Args, "--stdio") {
		cfg.Through = stdio.NewClient(os.Stdin, os.Stdout)
	}
	cfg.Once, cfg.Idle, cfg.Subreaper = slices.Contains(os.Args, "--once"), time.Minute, true
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM) // as kaon itself does
	defer stop()
	return executor.Run(ctx, cfg)
}
