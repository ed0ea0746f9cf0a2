package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// workFlags say where a sweep runs and leaves its results, and how that is shown.
type workFlags struct {
	Results     string `default:"kaon-results" env:"KAON_RESULTS" placeholder:"PLACE" help:"Folder or s3://bucket/prefix for the results (${default})."`
	State       string `aliases:"state-dir" placeholder:"DIR" help:"Folder for journals and sandboxes; .state in a results folder, else kaon-state, when left out."`
	Metrics     string `placeholder:"ADDR" help:"Serve Prometheus metrics at http://ADDR/metrics."`
	MetricsAuth string `name:"metrics-auth" env:"KAON_METRICS_AUTH" placeholder:"@FILE" help:"Show the metrics to who knows the NAME:SECRET in a file that only you may read, or in the variable; none: to everybody. Must be given when ADDR is beyond this machine."`
	Log         string `enum:"none,error,warn,info,debug" default:"error" help:"Level of the log on standard error: none, error, warn, info or debug."`
	LogFormat   string `name:"log-format" enum:"text,json" default:"text" help:"Format of the log: text, or json, a line each with sweep, trial, attempt and agent as fields (${default})."`
	Quiet       bool   `short:"q" help:"No progress; only what must be known, and the result."`
	JSON        bool   `help:"Print the result as one JSON object; progress goes to standard error."`
	clusterFlags
}

// runner opens the results. The caller must call stop.
func (f *workFlags) runner(ctx context.Context, out *output) (r *runner, stop func(), err error) {
	stats, stop, err := serveMetrics(f.Metrics, f.MetricsAuth)
	if err != nil {
		return nil, nil, usage(err)
	}
	bucket, err := openBucket(ctx, f.Results, stats.bucket)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return &runner{flags: f, out: out, log: newLog(overBar{out.stderr}, f.Log, f.LogFormat), bucket: bucket,
		stats: stats}, stop, nil
}

// runner runs sweeps one after the other: the one asked for, and the spec of its `then`.
type runner struct {
	flags  *workFlags
	out    *output
	log    *slog.Logger
	bucket bucket.Bucket
	stats  resultsMetrics
	server string // that has the sweep and is reached by its address alone; empty: none

	dashboard bool                    // a browser shows the sweep
	serving   atomic.Pointer[api.API] // that answers it; nil: none does
}

// open opens the server of one sweep. What it tells is kept until somebody shows it.
func (r *runner) open(ctx context.Context, id string, spec *sweep.Spec) (*server.Server, *notices, error) {
	return r.openWith(ctx, func(cfg *server.Config) {
		cfg.Folder, cfg.Only, cfg.FrameworkName = r.flags.state(id), id, "kaon "+id
		cfg.GPUs, cfg.Packing = spec.WantsDevices(), offers.Policy(spec.Packing)
		cfg.Heard = func(n scheduler.Notice) {
			if a := r.serving.Load(); a != nil {
				a.Heard(n)
			}
		}
	})
}

func (r *runner) openWith(ctx context.Context, more func(*server.Config)) (*server.Server, *notices, error) {
	cfg, told, err := r.config()
	if err != nil {
		return nil, nil, err
	}
	more(&cfg)
	s, err := server.Open(ctx, cfg)
	return s, told, err
}

// config is what the flags say of a server. What it tells people is kept until somebody shows it.
func (r *runner) config() (cfg server.Config, told *notices, err error) {
	cluster, err := r.flags.cluster()
	if err != nil {
		return cfg, nil, err
	}
	told = newNotices(func(line string) {
		if !r.flags.Quiet {
			fmt.Fprintf(r.out.stderr, "kaon: %s\n", line)
		}
	})
	return server.Config{
		Bucket: r.bucket, BucketFolder: folderOf(r.flags.Results), BoardStats: r.stats.board, StoreStats: r.stats.store,
		Cluster: cluster, PartitionGrace: r.flags.PartitionGrace, Version: versionString(),
		Command: append([]string{"kaon"}, os.Args[1:]...), Notify: told.hear, Log: r.log,
	}, told, nil
}

// state is the folder of one sweep's journal and sandboxes.
func (f *workFlags) state(id string) string { return state.Folder(f.Results, f.State, id) }

// resultsPlace is where results lie, whatever the folder of who asks: an address, or an absolute path.
func (f *workFlags) resultsPlace() (string, error) {
	if strings.HasPrefix(f.Results, "s3://") {
		return f.Results, nil
	}
	return filepath.Abs(strings.TrimPrefix(f.Results, "file://"))
}

// again is the command that goes on with a sweep.
func (r *runner) again(command, id string) string {
	if r.server != "" {
		return goOnAt(command, id, r.server)
	}
	return goOn(command, id, r.flags.Results, r.flags.State, r.flags.Cluster)
}
