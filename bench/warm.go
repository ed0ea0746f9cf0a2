package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
)

// WarmConfig says what Warm measures.
type WarmConfig struct {
	Trials  int
	Command string // of every trial, run by sh -c
	// of each of the two sweeps, but for what Warm sets; each has a folder of its own below Folder
	Server server.Config
}

// WarmReport is trials per second with one warm executor per agent, and with one executor per trial.
type WarmReport struct {
	Trials   int     `json:"trials"`
	Command  string  `json:"command"`
	Shared   WarmRow `json:"shared"`
	Isolated WarmRow `json:"container"`
	Ratio    float64 `json:"ratio"` // Shared.PerSecond / Isolated.PerSecond
}

// WarmRow is one sweep.
type WarmRow struct {
	Seconds   float64 `json:"seconds"` // from submission to the end of the sweep
	PerSecond float64 `json:"trials_per_second"`
	Executors int     `json:"executors"` // different ones that were launched on
}

// Warm runs the same sweep twice, with `isolation: shared` and with `isolation: container`. Everything is
// real but the journal, which is in memory: it would cost both the same.
func Warm(ctx context.Context, cfg WarmConfig) (*WarmReport, error) {
	r := &WarmReport{Trials: cfg.Trials, Command: cfg.Command}
	var err error
	if r.Shared, err = cfg.run(ctx, sweep.Shared); err != nil {
		return nil, fmt.Errorf("run %d trials in shared executors: %w", cfg.Trials, err)
	}
	if r.Isolated, err = cfg.run(ctx, sweep.Contained); err != nil {
		return nil, fmt.Errorf("run %d trials in executors of their own: %w", cfg.Trials, err)
	}
	r.Ratio = r.Shared.PerSecond / r.Isolated.PerSecond
	return r, nil
}

// counting is a driver that counts the executors that tasks are launched on.
type counting struct {
	cluster.Driver
	seen chan cluster.ExecutorInfo // capacity is the number of trials: every launch fits
}

func (c counting) Send(ctx context.Context, call cluster.Call) error {
	if a, ok := call.(cluster.Accept); ok {
		for _, t := range a.Tasks {
			select {
			case c.seen <- t.Executor:
			default: // attempts beyond one per trial; the run fails then anyway
			}
		}
	}
	return c.Driver.Send(ctx, call)
}

// run is one sweep from its submission to its end; its framework is gone afterwards.
func (cfg WarmConfig) run(ctx context.Context, isolation sweep.Isolation) (row WarmRow, err error) {
	source := fmt.Sprintf("method: grid\nparameters: {n: {distribution: int_uniform, min: 1, max: %d}}\ncommand: %q\n"+
		"task: {isolation: %s, resources: {cpus: 0.1, memory: 8MB}}\n", cfg.Trials, cfg.Command, isolation)
	conf := cfg.Server
	conf.Folder = filepath.Join(conf.Folder, string(isolation))
	spec, err := sweep.Parse(filepath.Join(conf.Folder, "warm.yaml"), []byte(source))
	if err != nil {
		return row, err
	}
	launched := counting{seen: make(chan cluster.ExecutorInfo, cfg.Trials)}
	conf.UnprovenCap = cfg.Trials
	conf.WrapJournal = func(journal.Journal) journal.Journal { return &journal.Memory{} }
	conf.WrapDriver = func(d cluster.Driver) cluster.Driver {
		launched.Driver = d
		return launched
	}
	s, err := server.Open(ctx, conf)
	if err != nil {
		return row, err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		_ = s.Teardown(ctx) // executors end with their framework
		err = errors.Join(err, s.Close(ctx))
	}()
	sw, err := s.Submit(ctx, server.Submission{ID: "warm-" + string(isolation), Spec: spec})
	if err != nil {
		return row, err
	}
	ended, err := sw.Wait(ctx)
	switch {
	case err != nil:
		return row, err
	case ended.Counts.Succeeded != cfg.Trials:
		return row, fmt.Errorf("%d of %d trials succeeded: %s", ended.Counts.Succeeded, cfg.Trials, ended.Reason)
	}
	return WarmRow{
		Seconds: ended.Seconds, PerSecond: float64(cfg.Trials) / ended.Seconds, Executors: launched.executors(),
	}, nil
}

// executors is how many different ones were launched on. An agent's shared executor has the same id on
// every agent.
func (c counting) executors() int {
	ids := map[offers.ExecutorID]bool{}
	for len(c.seen) > 0 {
		ids[(<-c.seen).ID] = true
	}
	return len(ids)
}

// WriteJSON writes the report as one indented object.
func (r *WarmReport) WriteJSON(w io.Writer) error {
	return writeJSON(w, r)
}

// WriteText writes the report as a table for people.
func (r *WarmReport) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "isolation\ttrials\tseconds\ttrials/s\texecutor ids\t")
	fmt.Fprintf(t, "shared\t%d\t%.2f\t%.0f\t%d\t\n", r.Trials, r.Shared.Seconds, r.Shared.PerSecond, r.Shared.Executors)
	fmt.Fprintf(t, "container\t%d\t%.2f\t%.0f\t%d\t\n", r.Trials, r.Isolated.Seconds, r.Isolated.PerSecond,
		r.Isolated.Executors)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	fmt.Fprintf(w, "warm executors: %.1f × the trials per second\n", r.Ratio)
	return nil
}
