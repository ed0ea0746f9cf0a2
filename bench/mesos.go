package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
)

// MesosConfig says what Mesos measures.
type MesosConfig struct {
	Trials  int
	Points  int     // that every trial reports; 0: none
	Command string  // of every trial, by the shell; empty: true, or what prints the points
	CPUs    float64 // of every trial
	Mem     int     // in MB
	Server  server.Config
	Example *ExampleScheduler // to be measured beside; nil: none
}

// MesosReport is kaon and its peer on one cluster. The JSON names are a contract for scripts: fields may be added, not
// renamed.
type MesosReport struct {
	Master string     `json:"master"`
	Rows   []MesosRow `json:"rows"`
	Notes  []string   `json:"notes,omitempty"` // what could not be measured, and why
}

// MesosRow is what one scheduler did. What is nil could not be measured.
type MesosRow struct {
	Name         string   `json:"name"`
	Skipped      string   `json:"skipped,omitempty"` // why it was not measured, or did not come to its end
	Trials       int      `json:"trials"`
	Points       uint64   `json:"points"`
	Seconds      float64  `json:"seconds"`
	PerSecond    float64  `json:"trials_per_second"`
	PointsPerSec float64  `json:"points_per_second"`
	Launches     *float64 `json:"launches_per_trial"` // tasks
	Updates      *float64 `json:"updates_per_trial"`
	Acks         *float64 `json:"acknowledgements_per_trial"`
	Messages     *float64 `json:"messages_per_trial"` // both ways
	Scheduler    *float64 `json:"scheduler_cpu_ms_per_trial"`
	MasterCPU    *float64 `json:"master_cpu_ms_per_trial"`
	AgentsCPU    *float64 `json:"agents_cpu_ms_per_trial"` // all agents together, without what they run
}

// Mesos runs one sweep on a cluster that is there, and beside it the peer.
func Mesos(ctx context.Context, cfg MesosConfig) (*MesosReport, error) {
	r := &MesosReport{}
	master := *cfg.Server.Cluster.Mesos
	meter := &meter{config: master}
	before := meter.read(ctx)
	cpu := ownCPU()
	row, err := cfg.run(ctx)
	if err != nil {
		return nil, err
	}
	row.Scheduler = perTrial((ownCPU()-cpu).Seconds()*1000, row.Trials)
	row.fill(before, meter.read(ctx))
	r.Master = meter.master()
	r.Rows = append(r.Rows, row)
	if cfg.Example != nil {
		before := meter.read(ctx)
		row := cfg.Example.run(ctx, cfg)
		if row.Skipped == "" {
			row.fill(before, meter.read(ctx))
		}
		r.Rows = append(r.Rows, row)
	}
	r.Notes = meter.notes
	return r, nil
}

// run runs the sweep to its end and removes the framework.
func (cfg MesosConfig) run(ctx context.Context) (row MesosRow, err error) {
	spec, err := sweep.Parse(filepath.Join(cfg.Server.Folder, "bench.yaml"), []byte(cfg.source()))
	if err != nil {
		return row, fmt.Errorf("read the sweep: %w", err)
	}
	began := time.Now()
	s, err := server.Open(ctx, cfg.Server)
	if err != nil {
		return row, err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		_ = s.Teardown(ctx) // a second one does nothing
		err = errors.Join(err, s.Close(ctx))
	}()
	sw, err := s.Submit(ctx, server.Submission{ID: "bench-mesos", Spec: spec})
	if err != nil {
		return row, err
	}
	ended, err := sw.Wait(ctx)
	if err != nil {
		return row, fmt.Errorf("run the sweep: %w", err)
	}
	seconds := time.Since(began).Seconds()
	if ended.Counts.Succeeded != cfg.Trials {
		return row, fmt.Errorf("run the sweep: %d of %d trials succeeded: %s", ended.Counts.Succeeded, cfg.Trials,
			ended.Reason)
	}
	sum := sw.Summary()
	if want := uint64(cfg.Trials) * uint64(cfg.Points); sum.Points < want || sum.Missing > 0 {
		return row, fmt.Errorf("run the sweep: %d of %d points arrived", sum.Points, want)
	}
	if err := s.Teardown(ctx); err != nil {
		return row, fmt.Errorf("remove the framework: %w", err)
	}
	return MesosRow{Name: "kaon", Trials: cfg.Trials, Points: sum.Points, Seconds: seconds,
		PerSecond: float64(cfg.Trials) / seconds, PointsPerSec: float64(sum.Points) / seconds}, nil
}

// source is the sweep as a file would say it.
func (cfg MesosConfig) source() string {
	command, metric := cfg.Command, ""
	if cfg.Points > 0 {
		metric = "metric: {name: loss, goal: minimize}\n"
		if command == "" {
			command = fmt.Sprintf(`i=0; while [ $i -lt %d ]; do i=$((i+1)); echo "{\"loss\": $i}"; done`, cfg.Points)
		}
	}
	if command == "" {
		command = "true"
	}
	return fmt.Sprintf("method: grid\n%sparameters: {n: {distribution: int_uniform, min: 1, max: %d}}\ncommand: %q\n"+
		"task: {resources: {cpus: %g, memory: %dMB}}\n", metric, cfg.Trials, command, cfg.CPUs, cfg.Mem)
}

// ownCPU is the time of this process on processors.
func ownCPU() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func perTrial(amount float64, trials int) *float64 {
	v := amount / float64(trials)
	return &v
}

// fill takes what the cluster counted between two readings.
func (row *MesosRow) fill(before, after *mesosReading) {
	if before == nil || after == nil {
		return
	}
	of := func(names ...string) *float64 {
		sum, found := 0.0, false
		for _, name := range names {
			if v, ok := after.counters[name]; ok {
				sum, found = sum+v-before.counters[name], true
			}
		}
		if !found {
			return nil
		}
		return perTrial(sum, row.Trials)
	}
	if row.Launches = of("master/tasks_launched"); row.Launches == nil {
		row.Launches = of(taskEnds...)
	}
	row.Updates = of("master/valid_status_updates")
	row.Acks = of("master/valid_status_update_acknowledgements")
	row.Messages = of("master/valid_framework_to_executor_messages", "master/valid_executor_to_framework_messages")
	if before.masterCPU != nil && after.masterCPU != nil {
		row.MasterCPU = perTrial(1000*(*after.masterCPU-*before.masterCPU), row.Trials)
	}
	if before.agentsCPU != nil && after.agentsCPU != nil {
		row.AgentsCPU = perTrial(1000*(*after.agentsCPU-*before.agentsCPU), row.Trials)
	}
}

// taskEnds are Mesos's counters of the ends of tasks, which it has instead of one of launches.
var taskEnds = []string{"master/tasks_finished", "master/tasks_failed", "master/tasks_killed", "master/tasks_error",
	"master/tasks_lost", "master/tasks_dropped", "master/tasks_gone"}

// meter reads what a cluster says of itself.
type meter struct {
	config mesos.Config
	notes  []string
	last   string // the master that answered
}

func (m *meter) master() string {
	if m.last != "" {
		return m.last
	}
	return m.config.Masters[0]
}
