package main

import (
	"context"
	"fmt"
	"os"

	"github.com/kaon-sweep/kaon/bench"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/server"
)

type benchWarmCmd struct {
	Trials  int    `default:"200" help:"Trials of each of the two sweeps (${default})."`
	Command string `default:"true" help:"What every trial runs (${default})."`
	JSON    bool   `help:"Print JSON."`
	clusterFlags
}

// Run measures one warm executor per agent against one executor per trial.
func (c *benchWarmCmd) Run(ctx context.Context, out *output) error {
	if c.Trials < 1 {
		return usage(fmt.Errorf("--trials %d: at least one is needed", c.Trials))
	}
	cluster, err := c.cluster()
	if err != nil {
		return err
	}
	cluster.Alone = true // a measurement takes the machine as if nobody else did
	state, err := os.MkdirTemp("", "kaon-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(state)
	report, err := bench.Warm(ctx, bench.WarmConfig{
		Trials: c.Trials, Command: c.Command,
		Server: server.Config{
			Folder: state, Bucket: &bucket.Memory{}, Cluster: cluster, FrameworkName: "kaon bench warm",
			PartitionGrace: c.PartitionGrace, Log: newLog(out.stderr, "error", logText),
		},
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return report.WriteJSON(out.stdout)
	}
	return report.WriteText(out.stdout)
}
