package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
)

// WireConfig says what Wire measures.
type WireConfig struct {
	Masters  []string      // host:port of masters whose agents are simulated, in another process
	Trials   int           // of one sweep
	Reported int           // points that every trial reports, for the check that none is lost
	Folder   string        // of journal and results; fsync goes to the disk below it
	Slow     time.Duration // added to every write to the journal: a scheduler slower than its cluster
}

// WireResult is one sweep on the wire. The JSON names are a contract for scripts: fields may be added, not
// renamed.
type WireResult struct {
	Trials       int     `json:"trials"`
	Points       uint64  `json:"points"`  // on the board
	Seconds      float64 `json:"seconds"` // from submission to the end of the last trial
	PerSecond    float64 `json:"trials_per_second"`
	PointsPerSec float64 `json:"points_per_second"`
	Appends      int     `json:"journal_writes"`
	PeakMB       float64 `json:"peak_rss_mb"` // of this process, in its whole life
}

// Wire runs one sweep through a whole server: core, packer, loop, journal with fsync, driver, board, and a
// writer that brings records to a folder. It fails when a trial or a point is missing at the end.
func Wire(ctx context.Context, cfg WireConfig) (WireResult, error) {
	spec, err := wireSpec(cfg)
	if err != nil {
		return WireResult{}, err
	}
	bucket, err := dir.Open(filepath.Join(cfg.Folder, "results"))
	if err != nil {
		return WireResult{}, fmt.Errorf("open results: %w", err)
	}
	slow := &slowJournal{wait: cfg.Slow}
	s, err := server.Open(ctx, server.Config{
		Folder: filepath.Join(cfg.Folder, "state"), Bucket: bucket, FrameworkName: "kaon bench wire",
		Cluster: server.Cluster{
			Mesos: &mesos.Config{Masters: cfg.Masters}, Address: "mesos://" + strings.Join(cfg.Masters, ","),
			Executor: "/kaon", ConnectTimeout: 10 * time.Second,
		},
		WrapJournal: func(j journal.Journal) journal.Journal {
			slow.Journal = j
			return slow
		},
	})
	if err != nil {
		return WireResult{}, fmt.Errorf("open the scheduler: %w", err)
	}
	r, err := cfg.run(ctx, s, spec)
	r.Appends = int(slow.appends.Load())
	return r, errors.Join(err, s.Close(ctx))
}

func wireSpec(cfg WireConfig) (*sweep.Spec, error) {
	source := fmt.Sprintf("method: random\nrun_cap: %d\nmetric: {name: loss, goal: minimize}\nparameters: {lr: "+
		"{min: 0.0, max: 1.0}}\n"+
		"command: [train]\ntask: {resources: {cpus: 0.1, memory: 32MB}}\n", cfg.Trials)
	spec, err := sweep.Parse(filepath.Join(cfg.Folder, "wire.yaml"), []byte(source))
	if err != nil {
		return nil, fmt.Errorf("read the sweep: %w", err)
	}
	return spec, nil
}

// run runs the sweep to its end and removes the framework.
func (cfg WireConfig) run(ctx context.Context, s *server.Server, spec *sweep.Spec) (WireResult, error) {
	sw, err := s.Submit(ctx, server.Submission{ID: "wire", Spec: spec})
	if err != nil {
		return WireResult{}, fmt.Errorf("submit the sweep: %w", err)
	}
	ended, err := sw.Wait(ctx)
	if err != nil {
		return WireResult{}, fmt.Errorf("run the sweep: %w", err)
	}
	if err := s.Teardown(ctx); err != nil {
		return WireResult{}, fmt.Errorf("remove the framework: %w", err)
	}
	return cfg.result(ended, sw.Summary())
}

// result checks that everything arrived.
func (cfg WireConfig) result(ended server.Outcome, s board.Summary) (WireResult, error) {
	r := WireResult{
		Trials: s.Trials.Succeeded, Points: s.Points, Seconds: ended.Seconds,
		PerSecond:    float64(s.Trials.Succeeded) / ended.Seconds,
		PointsPerSec: float64(s.Points) / ended.Seconds, PeakMB: peakMB(),
	}
	want := uint64(cfg.Trials) * uint64(cfg.Reported)
	if s.Trials.Succeeded != cfg.Trials || ended.Counts.Succeeded != cfg.Trials || s.Points != want || s.Missing != 0 {
		return r, fmt.Errorf("run the sweep: %d of %d trials succeeded with %d of %d points: %s",
			s.Trials.Succeeded, cfg.Trials, s.Points, want, ended.Reason)
	}
	return r, nil
}

// slowJournal is a journal on a disk that takes longer than it does.
type slowJournal struct {
	journal.Journal
	wait    time.Duration
	appends atomic.Int64
}

func (j *slowJournal) Append(entries []journal.Entry) error {
	j.appends.Add(1)
	if j.wait > 0 {
		time.Sleep(j.wait)
	}
	return j.Journal.Append(entries)
}

// peakMB is the most memory this process has held; 0 where the kernel does not say.
func peakMB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.ParseFloat(fields[0], 64) // no number: 0
	return kb / 1024
}
