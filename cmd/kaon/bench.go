package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"time"

	"github.com/kaon-sweep/kaon/bench"
	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/server"
)

type benchCmd struct {
	Pack   benchPackCmd   `cmd:"" help:"Measure the offer packer: speed, agents used, utilisation."`
	Local  benchLocalCmd  `cmd:"" help:"Measure kaon run on this machine, beside xargs, GNU parallel, HyperQueue and Ray Tune."`
	Mesos  benchMesosCmd  `cmd:"" help:"Measure kaon on a Mesos that is there: trials, points and operations, and CPU of scheduler, master and agents."`
	Wire   benchWireCmd   `cmd:"" help:"Measure the whole scheduler on the wire, with simulated agents in another process."`
	Serve  benchServeCmd  `cmd:"" help:"Measure how fast kaon serve answers, with many sweeps and trials in store and many who listen."`
	Search benchSearchCmd `cmd:"" help:"Measure search methods: how far the best trial is from the minimum of test functions."`
	Warm   benchWarmCmd   `cmd:"" help:"Measure warm executors: trials per second, against one executor per trial."`

	Kubernetes benchKubernetesCmd `cmd:"" help:"Measure kaon on a Kubernetes that is there, beside a pod per item and beside a Job: trials, pods and requests, and CPU of the API server."`
	Hollow     benchHollowCmd     `cmd:"" help:"Add nodes to a Kubernetes that run nothing, for as long as this runs: for measurements."`

	Workflow benchWorkflowCmd `cmd:"" help:"Measure workflows: kaon's own time for a step, and iterations of a for-each per minute."`
}

type benchPackCmd struct {
	Agents   string        `type:"existingfile" placeholder:"CSV" help:"Agents to pack on, with the columns id,host,cpus,mem (MB) and, if any, disk (MB) and gpus, instead of the built-in cases."`
	Trials   string        `type:"existingfile" placeholder:"CSV" help:"Trials to place, with the columns id,cpus,mem (MB) and, if any, disk (MB) and gpus, instead of the built-in cases."`
	Cluster  string        `placeholder:"mesos://…" help:"Take the offers of a live master as the agents. They are declined; nothing is launched."`
	Wait     time.Duration `default:"5s" help:"How long to take offers of --cluster (${default})."`
	Record   string        `placeholder:"CSV" help:"Write what --cluster offered, to be given to --agents later."`
	Case     []string      `placeholder:"NAME" help:"Only this built-in case; may be repeated. A wrong name lists them."`
	Policy   offers.Policy `default:"tight" enum:"tight,soonest,spread,first" help:"Packing policy: tight, soonest, spread or first (${default})."`
	Runs     int           `default:"15" help:"Runs per case, of which the median counts (${default})."`
	Seed     uint64        `default:"1" help:"Seed that the mix-… cases are drawn from (${default})."`
	NoBeside bool          `name:"no-beside" help:"Leave out the best fit by full scan."`
	JSON     bool          `name:"json" help:"Print JSON."`
	Picture  string        `placeholder:"SVG" help:"Also measure passes of 1,000 trials and up, and draw cost against size."`
	UpTo     int           `default:"1000000" help:"Largest size of --picture (${default})."`
	Profile  string        `name:"cpu-profile" placeholder:"FILE" help:"Write a CPU profile of the measurements, for go tool pprof."`
}

func (c *benchPackCmd) Run(ctx context.Context, out *output) error {
	cfg := bench.PackConfig{Only: c.Case, Policy: c.Policy, Runs: c.Runs, Seed: c.Seed, NoBeside: c.NoBeside}
	if err := c.inputs(ctx, &cfg); err != nil {
		return err
	}
	stop, err := profile(c.Profile)
	if err != nil {
		return err
	}
	report, err := bench.Pack(cfg)
	if err != nil {
		return errors.Join(usage(err), stop())
	}
	if c.Picture != "" {
		if err := c.draw(); err != nil {
			return errors.Join(err, stop())
		}
	}
	if err := stop(); err != nil {
		return err
	}
	if c.JSON {
		return report.WriteJSON(out.stdout)
	}
	return report.WriteText(out.stdout)
}

// inputs reads files and cluster into the configuration.
func (c *benchPackCmd) inputs(ctx context.Context, cfg *bench.PackConfig) (err error) {
	if c.Agents != "" && c.Cluster != "" {
		return usage(errors.New("--agents and --cluster both say what to pack on: give one"))
	}
	if c.Record != "" && c.Cluster == "" {
		return usage(errors.New("--record writes what --cluster offered: give --cluster"))
	}
	if len(c.Case) > 0 && (c.Agents != "" || c.Trials != "" || c.Cluster != "") {
		return usage(errors.New("--case chooses built-in cases: leave --agents, --trials and --cluster out"))
	}
	if c.Agents != "" {
		if cfg.Machines, err = readCSV(c.Agents, bench.ReadMachines); err != nil {
			return err
		}
	}
	if c.Trials != "" {
		if cfg.Trials, err = readCSV(c.Trials, bench.ReadTrials); err != nil {
			return err
		}
	}
	if c.Cluster == "" {
		return nil
	}
	conf, err := parseCluster(c.Cluster)
	if err != nil {
		return usage(fmt.Errorf("--cluster: %w", err))
	}
	found, err := server.Cluster{Mesos: &conf}.Offers(ctx, "kaon bench pack", c.Wait)
	if err != nil {
		return err
	}
	cfg.Machines = bench.MachinesOf(found)
	if c.Record == "" {
		return nil
	}
	return writeFile(c.Record, func(w io.Writer) error { return bench.WriteMachines(w, cfg.Machines) })
}

// pictureRuns is the passes per size of the picture: its largest indexes take a second to fill.
const pictureRuns = 7

func (c *benchPackCmd) draw() error {
	points, err := bench.Sizes(c.UpTo, pictureRuns)
	if err != nil {
		return err
	}
	return writeFile(c.Picture, func(w io.Writer) error { return bench.Picture(w, points) })
}

// readCSV reads a file; the errors name it.
func readCSV[T any](path string, read func(io.Reader) ([]T, error)) ([]T, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usage(err)
	}
	defer f.Close()
	list, err := read(f)
	if err != nil {
		return nil, usage(fmt.Errorf("%s: %w", path, err))
	}
	if len(list) == 0 {
		return nil, usage(fmt.Errorf("%s: no rows below the header", path))
	}
	return list, nil
}

// profile starts a CPU profile; the returned function ends it. An empty path profiles nothing.
func profile(path string) (func() error, error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, usage(err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("start the CPU profile: %w", err), f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

// scratch runs f with a folder that is gone afterwards. It lies in the working folder, whose disk is the one that
// counts.
func scratch(f func(folder string) error) error {
	folder, err := os.MkdirTemp(".", ".kaon-bench-")
	if err != nil {
		return fmt.Errorf("make a folder for the measurement: %w", err)
	}
	return errors.Join(f(folder), os.RemoveAll(folder))
}
