package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kaon-sweep/kaon/bench"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/server"
)

type benchMesosCmd struct {
	Master  string        `placeholder:"URL" help:"The cluster to measure: mesos://[user:secret@]host:port[,host:port…]. It is used as by kaon run, for as long as the trials take."`
	Trials  int           `default:"1000" help:"Trials of the sweep (${default})."`
	Points  int           `default:"0" help:"Metric points that every trial reports (${default})."`
	Command string        `placeholder:"SHELL" help:"What every trial runs; true, or a loop that prints the points, when left out."`
	CPUs    float64       `name:"cpus" default:"1" help:"Of every trial (${default})."`
	Memory  int           `default:"64" placeholder:"MB" help:"Of every trial (${default})."`
	MesosGo string        `name:"mesos-go" type:"existingdir" placeholder:"DIR" help:"Folder with mesos-go's example-scheduler and example-executor, to be measured beside."`
	Build   bool          `name:"build-mesos-go" help:"Build these two from their module first, in a temporary folder; needs go and its module proxy."`
	Wait    time.Duration `default:"30m" help:"How long mesos-go's example may take (${default})."`
	JSON    bool          `name:"json" help:"Print JSON."`
	executorFlags
	Advertise      string        `placeholder:"HOST[:PORT]" help:"Address at which executors reach this process; found out when left out."`
	ConnectTimeout time.Duration `default:"30s" help:"How long to look for a master before giving up (${default})."`
}

func (c *benchMesosCmd) Run(ctx context.Context, out *output) error {
	switch {
	case c.Master == "":
		return usage(errors.New("--master says which cluster to measure: mesos://host:port of a Mesos, or start " +
			"one with " +
			"`kaon cluster --listen 127.0.0.1:5050` and give --master mesos://127.0.0.1:5050"))
	case c.Trials < 1 || c.Points < 0 || c.CPUs <= 0 || c.Memory < 1:
		return usage(errors.New("--trials, --cpus and --memory: want more than 0; --points: at least 0"))
	case c.MesosGo != "" && c.Build:
		return usage(errors.New("--build-mesos-go builds what --mesos-go names: give one"))
	}
	where := clusterFlags{Cluster: c.Master, executorFlags: c.executorFlags, Advertise: c.Advertise,
		ConnectTimeout: c.ConnectTimeout, WorkDir: "sandbox"}
	cluster, err := where.cluster()
	if err != nil {
		return err
	}
	if cluster.Mesos == nil {
		return usage(fmt.Errorf("--master %q: want mesos://host:port", c.Master))
	}
	folder, err := os.MkdirTemp("", "kaon-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	example, err := c.example(ctx, folder)
	if err != nil {
		return usage(err)
	}
	report, err := bench.Mesos(ctx, bench.MesosConfig{
		Trials: c.Trials, Points: c.Points, Command: c.Command, CPUs: c.CPUs, Mem: c.Memory, Example: example,
		Server: server.Config{Folder: filepath.Join(folder, "state"), Bucket: &bucket.Memory{}, Cluster: cluster,
			FrameworkName: "kaon bench mesos", Log: newLog(out.stderr, "error", logText)},
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return report.WriteJSON(out.stdout)
	}
	return report.WriteText(out.stdout)
}

// example is the peer, nil when none was asked for.
func (c *benchMesosCmd) example(ctx context.Context, folder string) (*bench.ExampleScheduler, error) {
	var e bench.ExampleScheduler
	var err error
	switch {
	case c.Build:
		built := filepath.Join(folder, "mesos-go")
		if err := os.Mkdir(built, 0o755); err != nil {
			return nil, err
		}
		e, err = bench.BuildExampleScheduler(ctx, built)
	case c.MesosGo != "":
		e, err = bench.FindExampleScheduler(c.MesosGo)
	default:
		return nil, nil
	}
	e.Patience = c.Wait
	return &e, err
}
