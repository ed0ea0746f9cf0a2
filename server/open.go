package server

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/server/control"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// Open connects all the parts, takes the sweeps of the journal up again, and starts. The caller must Close.
// What Open has made is gone again when it fails. ctx bounds Open alone.
func Open(ctx context.Context, cfg Config) (*Server, error) {
	s := &Server{cfg: cfg.withDefaults(), failed: make(chan struct{}), loopDone: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.finishCtx, s.giveUp = context.WithCancel(context.Background())
	s.mu.sweeps, s.mu.changed = map[string]*Sweep{}, make(chan struct{})
	if err := s.open(ctx); err != nil {
		_ = s.Close(context.Background()) // the first error is the one to tell
		return nil, classify(err)
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) error {
	var err error
	if s.made, err = makeFolder(s.cfg.Folder); err != nil {
		return unreachable(fmt.Errorf("make state folder: %w", err))
	}
	if s.journal, err = disk.Open(filepath.Join(s.cfg.Folder, state.JournalFile)); err != nil {
		return unreachable(fmt.Errorf("open journal of %s: %w", s.subject(), err))
	}
	s.journal.Heard(s.onJournalGrows)
	if s.queues, err = openQueues(&s.cfg); err != nil {
		return usage(err)
	}
	if err := s.openFiles(); err != nil {
		return err
	}
	if s.cluster, err = startCluster(ctx, s.cfg.Cluster, s.cfg.Folder, s.files, s.cfg.Log); err != nil {
		return err
	}
	if s.cluster.warning != "" {
		s.notify(Notice{Kind: Warning, Text: s.cluster.warning})
	}
	if err := s.takeUp(ctx); err != nil {
		return err
	}
	if err := s.cordons.open(s.cfg.Folder); err != nil {
		return unreachable(err)
	}
	s.files.Gathered()
	core, err := scheduler.Restore(time.Now(), s.coreConfig(), s.loaded())
	if err != nil {
		return unreachable(fmt.Errorf("read journal of %s: %w", s.subject(), err))
	}
	if err := s.check(core); err != nil {
		return err
	}
	if err := s.openDriver(core); err != nil {
		return err
	}
	kept, way := s.cfg.WrapJournal(s.journal), s.cfg.WrapDriver(s.driver)
	if s.cfg.Fence != nil {
		kept, way = fencedJournal{kept, s.cfg.Fence}, fencedDriver{way, s.cfg.Fence}
	}
	s.loop = scheduler.NewLoop(core, kept, way, s.listener(), time.Now)
	s.start(ctx, core)
	return nil
}

// onJournalGrows has people hear once that the journal cannot be written anew. It is called by the loop, and by Open.
func (s *Server) onJournalGrows(why error) {
	if why == nil {
		s.cfg.Log.Info("the journal can be written anew again")
		return
	}
	s.cfg.Log.Warn("the journal cannot be written anew", "err", why)
	s.notify(Notice{Kind: Warning, Text: "warning: " + why.Error()})
}

// Journal is the size of the journal in bytes, and why its last compaction failed, which is harmless until the disk
// is full; nil: it succeeded.
func (s *Server) Journal() (bytes int64, grows error) { return s.journal.Size() }

// subject is whose state folder it is, for errors.
func (s *Server) subject() string {
	if s.cfg.Only != "" {
		return s.cfg.Only
	}
	return s.cfg.Folder
}

// openFiles starts serving files to executors, at the address of the last time when there was one.
func (s *Server) openFiles() error {
	at, err := s.cfg.Cluster.address()
	if err != nil {
		return err
	}
	s.files, err = transfer.Open(transfer.Config{
		Folder: filepath.Join(s.cfg.Folder, state.TransferFolder), Sweep: s.cfg.Only, Bucket: s.cfg.Bucket,
		Bind: at.bind, Host: at.host, Port: at.port, Gathers: true, Log: s.cfg.Log,
	})
	if err != nil {
		return unreachable(err)
	}
	return nil
}

// takeUp makes the parts of the journal's sweeps. In a journal sweeps come before all that is about them.
func (s *Server) takeUp(ctx context.Context) error {
	for e, err := range s.journal.Load() {
		if err != nil {
			return unreachable(fmt.Errorf("read journal of %s: %w", s.subject(), err))
		}
		switch e := e.(type) {
		case journal.SweepEntry:
			if err := s.takeUpSweep(ctx, e); err != nil {
				return err
			}
		case journal.TrialEntry, journal.RecordEntry:
			return nil
		}
	}
	return nil
}

func (s *Server) takeUpSweep(ctx context.Context, e journal.SweepEntry) error {
	folder, over := s.folderOf(e.ID), e.Phase.Ended()
	spec, winner, damage := s.readStart(ctx, folder, e)
	if damage != nil && (!over || s.cfg.Only != "") {
		return damage
	}
	guessed := false
	if damage != nil {
		var err error
		if spec, guessed, err = s.standIn(ctx, e); err != nil {
			return damage
		}
	}
	sw := s.newSweep(e.ID, folder, spec, winner)
	sw.staging.Owner, sw.staging.Resumed, sw.over, sw.mu.extended = e.Owner, true, over, e.Extensions
	if s.cluster.Local {
		sw.losses.resumed = time.Now()
	}
	if err := s.add(sw); err != nil {
		return err
	}
	if damage != nil {
		sw.damagedBy(damagedState(sw.id, damage))
		sw.unsearched, sw.guessed = true, guessed
	}
	if err := sw.openResults(ctx); err != nil {
		return err
	}
	if err := sw.makeReady(ctx); err != nil {
		return err
	}
	if !over {
		sw.sayRoom()
	}
	sw.prepared.Store(true)
	return nil
}

// makeReady makes ready what attempts of a sweep of the journal are given. Of one that has ended nothing runs: what is
// wrong with it refuses a retry.
func (sw *Sweep) makeReady(ctx context.Context) error {
	if sw.lost != nil {
		return nil
	}
	err := sw.stage(ctx)
	if err == nil {
		err = sw.remember(ctx)
	}
	if err != nil && sw.over {
		if sw.broken == nil {
			sw.broken = err
		}
		return nil
	}
	return err
}

// loaded is what the journal holds. The records among it, which the bucket may lack, are on their boards
// afterwards. A search that cannot be repeated hears nothing of its trials.
func (s *Server) loaded() iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		for e, err := range s.journal.Load() {
			switch e := e.(type) {
			case journal.RecordEntry:
				if sw, known := s.Sweep(e.Sweep); known {
					sw.fold(e.Record)
				}
			case journal.TrialEntry:
				if sw, known := s.Sweep(e.Sweep); known && sw.unsearched {
					continue
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// check compares journal and boards, and learns where an earlier process left the sweeps.
func (s *Server) check(core *scheduler.Core) error {
	for _, sw := range s.Sweeps() {
		if err := sw.lacks(sw.agree(core)); err != nil {
			return err
		}
	}
	for _, status := range core.Snapshot().Sweeps {
		if sw, known := s.Sweep(status.ID); known {
			sw.mu.endedBefore = status.Counts.Ended() - status.Counts.Stopped
		}
	}
	return nil
}

func (s *Server) openDriver(core *scheduler.Core) (err error) {
	conf := s.cluster.driver
	conf.Log, conf.Fence = s.cfg.Log, s.cfg.Fence
	if conf.Name == "" {
		conf.Name = s.cfg.FrameworkName
	}
	conf.GPUs = conf.GPUs || s.cfg.GPUs
	for _, sw := range s.Sweeps() {
		conf.GPUs = conf.GPUs || sw.Spec().WantsDevices()
	}
	s.driver, err = newDriver(conf, core.Framework())
	return err
}

func (s *Server) coreConfig() scheduler.Config {
	executor := once(s.cluster.executor)
	s.packer = offers.NewIndex()
	return scheduler.Config{
		Packer:   timedPacker{s.packer},
		Cordons:  s.cordons.forCore(),
		Executor: s.cfg.Cluster.weigh(executor),
		Inside:   s.cfg.Cluster.weigh(inImage(executor)),
		Container: func(id string, _ *sweep.Spec) (*cluster.Container, error) {
			return s.mustHave(id).staging.Container()
		},
		Inputs:         func(id string) []cluster.URI { return s.mustHave(id).staging.Prefetch },
		Packing:        offers.Options{Policy: s.cfg.Packing},
		Queues:         s.queues.list(),
		PartitionGrace: s.cfg.PartitionGrace,
		UnprovenCap:    s.cfg.UnprovenCap,
		KeptSweeps:     s.cfg.KeptSweeps,
		CountsAgents:   s.cfg.CountsAgents,
		AwaitEnds:      true,
		Parallel:       func(id string) int { return s.cluster.room(s.mustHave(id).Spec(), openFiles()) },
		ReviveEvery:    s.cluster.reviveEvery,
		Builder: func(id string, spec *sweep.Spec) (*task.Builder, error) {
			return task.NewBuilder(id, spec, s.mustHave(id).builderOptions())
		},
		Search: s.search,
		Cached: s.cached,
		Values: func(id string) iter.Seq2[int, sweep.Series] { return s.mustHave(id).values() },
		Parse:  func(e journal.SweepEntry) (*sweep.Spec, error) { return s.mustHave(e.ID).Spec(), nil },
	}
}

// start runs the loop and the writers until Close. It looks for a master when something is left to do
// there, or agents are counted.
func (s *Server) start(ctx context.Context, core *scheduler.Core) {
	work, snap := core.Framework() != "" || s.cfg.CountsAgents, core.Snapshot()
	for _, status := range snap.Sweeps {
		work = work || !status.Phase.Ended()
	}
	if work {
		s.driver.start()
		s.shareMachine(snap)
	}
	for _, sw := range s.Sweeps() {
		if sw.lost == nil {
			sw.startWriter()
		}
	}
	crash.Go(func() {
		defer close(s.loopDone)
		if err := crash.Guard(func() error { return s.loop.Run(s.ctx) }); err != nil {
			s.failWith(err)
		}
	})
	var err error
	// it runs as well without
	if s.control, err = control.Listen(filepath.Join(s.cfg.Folder, state.ControlFile), s); err != nil {
		s.notify(Notice{Kind: Warning, Text: fmt.Sprintf("kaon stop, pause, resume and message will not reach "+
			"this run: %v", err)})
	}
	for _, sw := range s.Sweeps() {
		sw.began(ctx)
	}
}
