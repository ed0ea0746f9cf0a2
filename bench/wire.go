package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/scheduler/study"
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

// WireResult is one sweep on the wire. The JSON names are a contract for scripts: fields may be added, not renamed.
type WireResult struct {
	Trials       int     `json:"trials"`
	Points       uint64  `json:"points"`  // on the board
	Seconds      float64 `json:"seconds"` // from submission to the end of the last trial
	PerSecond    float64 `json:"trials_per_second"`
	PointsPerSec float64 `json:"points_per_second"`
	Appends      int     `json:"journal_writes"`
	PeakMB       float64 `json:"peak_rss_mb"` // of this process, in its whole life
}

// Wire runs one sweep through the whole scheduler: core, packer, loop, journal with fsync, driver, board, and a writer
// that brings records to a folder. It fails when a trial or a point is missing at the end.
func Wire(ctx context.Context, cfg WireConfig) (WireResult, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w, err := newWire(cfg)
	if err != nil {
		return WireResult{}, err
	}
	defer w.journal.Close()
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	failed := make(chan error, 1)
	group.Go(crash.Func(func() { failed <- w.loop.Run(ctx) }))
	group.Go(crash.Func(func() { _ = w.writer.Run(ctx) })) // what it has not written is in the journal still

	began := time.Now()
	if err := w.loop.Submit(ctx, scheduler.Submit{ID: wireSweep, Spec: w.spec}); err != nil {
		return WireResult{}, fmt.Errorf("submit the sweep: %w", err)
	}
	var ended scheduler.SweepEnded
	select {
	case ended = <-w.ended:
	case err := <-failed:
		return WireResult{}, errors.Join(fmt.Errorf("run the sweep: the scheduler ended"), err)
	case <-ctx.Done():
		return WireResult{}, ctx.Err()
	}
	seconds := time.Since(began).Seconds()
	if err := w.driver.Send(ctx, cluster.Teardown{}); err != nil {
		return WireResult{}, fmt.Errorf("remove the framework: %w", err)
	}
	stop()
	group.Wait()
	return w.result(ended, seconds)
}

const wireSweep = "wire"

// wire is the scheduler's parts.
type wire struct {
	cfg     WireConfig
	spec    *sweep.Spec
	journal *slowJournal
	driver  *mesos.Driver
	loop    *scheduler.Loop
	writer  *store.Writer
	board   *board.Board
	ended   chan scheduler.SweepEnded // capacity 1
}

func newWire(cfg WireConfig) (*wire, error) {
	w := &wire{cfg: cfg, ended: make(chan scheduler.SweepEnded, 1)}
	source := fmt.Sprintf("method: random\nrun_cap: %d\nmetric: {name: loss, goal: minimize}\nparameters: {lr: {min: 0.0, max: 1.0}}\n"+
		"command: [train]\ntask: {resources: {cpus: 0.1, memory: 32MB}}\n", cfg.Trials)
	var err error
	if w.spec, err = sweep.Parse("wire.yaml", []byte(source)); err != nil {
		return nil, fmt.Errorf("read the sweep: %w", err)
	}
	bucket, err := dir.Open(filepath.Join(cfg.Folder, "results"))
	if err != nil {
		return nil, fmt.Errorf("open results: %w", err)
	}
	j, err := disk.Open(filepath.Join(cfg.Folder, "journal.db"))
	if err != nil {
		return nil, err
	}
	w.journal = &slowJournal{Journal: j, wait: cfg.Slow}
	if w.driver, err = mesos.New(mesos.Config{Masters: cfg.Masters, Name: "kaon bench wire", FirstTimeout: 10 * time.Second}); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	core := scheduler.NewCore(scheduler.Config{
		Packer:      offers.NewIndex(0),
		Executor:    scheduler.ExecutorTemplate{Argv: []string{"kaon", "executor"}},
		ReviveEvery: time.Second,
		Studies: func(id string, spec *sweep.Spec) (scheduler.Study, error) {
			return study.New(id, spec, study.Options{})
		},
	})
	w.board = board.New(board.Config{Sweep: wireSweep, Trials: cfg.Trials, Objective: w.spec.Objective})
	w.writer = store.NewWriter(store.Config{
		Bucket: bucket, Sweep: wireSweep,
		Written: func(n uint64) { w.loop.Later(scheduler.Stored{Sweep: wireSweep, Through: n}) },
		Replay: func(after uint64, yield func(uint64, results.Record) bool) error {
			return j.Replay(wireSweep, after, yield)
		},
	})
	w.loop = scheduler.NewLoop(core, w.journal, w.driver, scheduler.Listener{
		Recorded: func(n scheduler.Recorded) {
			_ = w.board.Fold(n.Record) // what it refuses is missing in the end
			w.writer.Add(n.Number, n.Record)
		},
		SweepEnded: func(n scheduler.SweepEnded) { w.ended <- n },
	}, time.Now)
	return w, nil
}

// result checks that everything arrived.
func (w *wire) result(ended scheduler.SweepEnded, seconds float64) (WireResult, error) {
	s := w.board.Summary()
	r := WireResult{
		Trials: s.Trials.Succeeded, Points: s.Points, Seconds: seconds, PerSecond: float64(s.Trials.Succeeded) / seconds,
		PointsPerSec: float64(s.Points) / seconds, Appends: w.journal.appends, PeakMB: peakMB(),
	}
	want := uint64(w.cfg.Trials) * uint64(w.cfg.Reported)
	if s.Trials.Succeeded != w.cfg.Trials || ended.Counts.Succeeded != w.cfg.Trials || s.Points != want || s.Missing != 0 {
		return r, fmt.Errorf("run the sweep: %d of %d trials succeeded with %d of %d points: %s",
			s.Trials.Succeeded, w.cfg.Trials, s.Points, want, ended.Sentence)
	}
	return r, nil
}

// slowJournal is a journal on a disk that takes longer than it does.
type slowJournal struct {
	*disk.Journal
	wait    time.Duration
	appends int
}

func (j *slowJournal) Append(entries []journal.Entry) error {
	j.appends++
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
