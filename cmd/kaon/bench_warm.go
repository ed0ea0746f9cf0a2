package main

import (
	"context"
	"fmt"
	"os"

	"github.com/kaon-sweep/kaon/bench"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
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
	state, err := os.MkdirTemp("", "kaon-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(state)
	where, err := c.depotAddress()
	if err != nil {
		return err
	}
	d, err := transfer.Open(transfer.Config{Folder: state, Sweep: "bench", Bucket: &bucket.Memory{}, Bind: where.bind, Host: where.host, Port: where.port})
	if err != nil {
		return unreachable(err)
	}
	defer d.Close()
	started, err := startCluster(ctx, c.clusterFlags, state, d, newLog(out.stderr, "error"))
	if err != nil {
		return err
	}
	if started.share != nil { // a measurement takes the machine as if it were alone
		started.unshared()
	}
	if started.stop != nil {
		defer started.stop()
	}
	if started.interrupt != nil {
		defer started.interrupt()
	}
	report, err := bench.Warm(ctx, bench.WarmConfig{
		Trials: c.Trials, Command: c.Command, Executor: started.executor, ReviveEvery: started.reviveEvery,
		Driver: func() (cluster.Driver, error) {
			driver := started.driver
			driver.Name = "kaon bench warm"
			return mesos.New(driver)
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
