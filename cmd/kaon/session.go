package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/scheduler/ledger"
	"github.com/kaon-sweep/kaon/scheduler/study"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/server/control"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// session is one scheduler with all that it needs to run a sweep: a way to the cluster, a journal, the sweep's
// board, and a writer that brings its records to the bucket.
type session struct {
	cfg     sessionConfig
	cluster runningCluster
	depot   *transfer.Depot
	files   study.Files
	brought []cluster.URI // what agents bring to attempts that have executors of their own
	doubts  []string      // about what attempts are given, to be told
	journal *disk.Journal
	driver  cluster.Driver
	loop    *scheduler.Loop
	watcher *watcher
	writer  *store.Writer
	member  *ledger.Member  // nil: it shares no machine
	door    *control.Server // nil: this place has no sockets
	before  int             // trials that had ended when this process began
	over    bool            // it has ended, and the master has removed its framework
	stored  bool            // this process has put a sweep that is new into the bucket, where there was none of its id
	made    bool            // this process has made the state folder

	cancel     context.CancelFunc
	loopDone   chan struct{}
	writerDone chan struct{}
	failed     chan error // capacity 1: why the loop ended by itself
}

// journalFile is the name of the journal in a sweep's state folder, winnerFile that of the winner a `then` sweep started
// from.
const (
	journalFile = "journal.db"
	winnerFile  = "winner.json"
)

// controlFile is the socket in a sweep's state folder over which other commands talk to the process that runs it.
const controlFile = "control.sock"

// sessionConfig says which sweep runs where.
type sessionConfig struct {
	id      string
	spec    *sweep.Spec
	state   string // folder of the journal and, on the embedded cluster, of sandboxes
	bucket  bucket.Bucket
	results string // folder of the bucket; empty: elsewhere
	stats   resultsMetrics
	winner  *board.Winner // of the sweep before, when this one is its `then`
	retry   bool          // run what has failed again
	resumed bool          // it has begun before
	tell    func(string)  // says what must be known before there is a display
	log     *slog.Logger

	clusterFlags
}

// openSession connects all the parts and starts them. The caller submits a sweep and must close the session. When it fails,
// made reports whether it has made a state folder, which then holds nothing of anybody else's.
func openSession(ctx context.Context, cfg sessionConfig) (s *session, made bool, err error) {
	s = &session{cfg: cfg, failed: make(chan error, 1)}
	if err := s.open(ctx); err != nil {
		_ = s.close(context.Background()) // the first error is the one to tell
		return nil, s.made, err
	}
	s.start()
	return s, s.made, nil
}

func (s *session) open(ctx context.Context) error {
	cfg := s.cfg
	var err error
	if s.made, err = makeState(cfg.state); err != nil {
		return unreachable(fmt.Errorf("make state folder: %w", err))
	}
	if err := keepWinner(cfg); err != nil {
		return err
	}
	if s.journal, err = disk.Open(filepath.Join(cfg.state, journalFile)); err != nil {
		return unreachable(fmt.Errorf("open journal of %s: %w", cfg.id, err))
	}
	if cfg.spec.Task.Container != nil && cfg.Cluster == "local" {
		if err := needEngine(ctx); err != nil {
			return err
		}
	}
	if cfg.spec.Task.Container != nil && cfg.Cluster != "local" {
		if err := cfg.servesStatic(); err != nil {
			return err
		}
	}
	if err := s.openDepot(); err != nil {
		return err
	}
	if s.cluster, err = startCluster(ctx, cfg.clusterFlags, cfg.state, s.depot, cfg.log); err != nil {
		return err
	}
	if s.files, err = s.provide(ctx); err != nil {
		return err
	}
	if err := s.openResults(ctx); err != nil {
		return err
	}
	for _, d := range s.doubts {
		s.watcher.say("warning: %s", d)
	}
	image, err := s.image(ctx)
	if err != nil {
		return err
	}
	if cfg.spec.Task.Container != nil {
		if _, err := s.container(cfg.spec); err != nil { // said now rather than when the sweep is taken
			return usage(err)
		}
	}
	core, err := scheduler.Restore(time.Now(), s.coreConfig(image), s.loaded())
	if err != nil {
		return unreachable(fmt.Errorf("read journal of %s: %w", cfg.id, err))
	}
	if err := s.agree(core); err != nil {
		return err
	}
	if err := s.drive(core); err != nil {
		return usage(err)
	}
	s.loop = scheduler.NewLoop(core, s.journal, s.driver, s.watcher.listener(), time.Now)
	s.watcher.later = s.loop.Later
	if s.over {
		return nil
	}
	if line := s.cluster.roomLine(cfg.spec, openFiles()); line != "" {
		s.watcher.say("%s", line)
	}
	s.member, err = s.cluster.join(cfg.id, cfg.spec, func(line string) { s.watcher.say("%s", line) })
	if s.member != nil {
		s.watcher.held = s.member.Waiting
	}
	return err
}

// loaded is what the journal holds. The records among it, which the bucket may lack, are on the board afterwards.
func (s *session) loaded() iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		for e, err := range s.journal.Load() {
			if r, ok := e.(journal.RecordEntry); ok {
				s.watcher.fold(r.Record)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// agree compares what the journal says of trials that have ended with the board. A record leaves the journal when the bucket has it,
// so one that neither has was lost, and without it the sweep could get another winner. A journal that lags behind the results
// would give the numbers of known attempts to others.
func (s *session) agree(core *scheduler.Core) error {
	if trial, behind := core.Behind(s.cfg.id, s.watcher.has); behind {
		file := filepath.Join(s.cfg.state, journalFile)
		return unreachable(fmt.Errorf("the journal %s is an older one of %s: the results know the end of an attempt (%s, for example) that it does "+
			"not; nothing was changed; put the newer one back, or move %s* away and rebuild it with: kaon repair %s",
			file, s.cfg.id, named(trial), file, s.cfg.id))
	}
	lost, first := 0, 0
	for trial, attempt := range core.Ended(s.cfg.id) {
		if s.watcher.has(trial, attempt) {
			continue
		}
		if lost++; lost == 1 {
			first = trial
		}
	}
	if lost == 0 {
		return nil
	}
	return unreachable(fmt.Errorf("the results lack the records of %s of %s that ended (%s, for example), and the journal has them no more; "+
		"nothing was changed; bring back what there is with: kaon repair %s", count(lost, "trial"), s.cfg.id, named(first), s.cfg.id))
}

// drive makes the way to the master: none when there is nothing to say to it.
func (s *session) drive(core *scheduler.Core) error {
	if s.stand(core); s.over {
		s.driver = silent{}
		return nil
	}
	conf := s.cluster.driver
	conf.FrameworkID, conf.Log = core.Framework(), s.cfg.log
	conf.GPUs = conf.GPUs || s.cfg.spec.WantsGPUs()
	if conf.Name == "" {
		conf.Name = "kaon " + s.cfg.id
	}
	driver, err := mesos.New(conf)
	if err != nil {
		return err
	}
	s.driver = guardedDriver{driver}
	return nil
}

// stand learns where an earlier process left the sweep.
func (s *session) stand(core *scheduler.Core) {
	for _, status := range core.Snapshot().Sweeps {
		s.before = ended(status.Counts) - status.Counts.Stopped
		if s.watcher.retrying = s.cfg.retry && (status.Counts.Failed > 0 || status.Then == sweep.Failed); s.watcher.retrying {
			s.before -= status.Counts.Failed
		}
		s.over = status.Phase.Ended() && !s.watcher.retrying && core.Framework() == ""
	}
}

// openResults makes the sweep's board, with what an earlier process stored of it, and the writer of its records.
func (s *session) openResults(ctx context.Context) error {
	spec := s.cfg.spec
	cfg := board.Config{Sweep: s.cfg.id, Trials: spec.Trials, Objective: spec.Objective, Metrics: spec.Metrics, Stats: s.cfg.stats.board}
	// An error: it is new, or the records will tell what is wrong with the bucket.
	if known, err := store.ReadSweep(ctx, s.cfg.bucket, s.cfg.id); err == nil && s.cfg.resumed {
		if cfg.Closed = known.Closed; s.cfg.retry { // that it ended will not be written there any more
			cfg.Closed = known.Config().Closed
		}
	}
	board, damage, err := store.LoadRecords(ctx, s.cfg.bucket, cfg)
	if err != nil {
		return fmt.Errorf("read the records of %s: %w", s.cfg.id, err)
	}
	s.watcher = newWatcher(s.cfg.id, board)
	if s.cfg.Cluster == "local" {
		s.watcher.here = machineOf(s.cluster.machine)
	}
	if len(damage) > 0 { // what is missing would be missing from the winner, and from what is kept for it
		return unreachable(fmt.Errorf("the records of %s are damaged: %s: %w; nothing was changed; mend them with: kaon repair %s",
			s.cfg.id, damage[0].Object, damage[0].Err, s.cfg.id))
	}
	s.writer = store.NewWriter(store.Config{
		Bucket: s.cfg.bucket, Sweep: s.cfg.id, Log: s.cfg.log, Stats: s.cfg.stats.store,
		Written: func(number uint64) { s.loop.Later(scheduler.Stored{Sweep: s.cfg.id, Through: number}) },
		Replay: func(after uint64, yield func(uint64, results.Record) bool) error {
			return s.journal.Replay(s.cfg.id, after, yield)
		},
	})
	s.watcher.add, s.watcher.pending, s.watcher.forget = s.writer.Add, s.writer.Pending, s.depot.Forget
	s.depot.Ended(s.watcher.has)
	s.watcher.point, err = pointsOf(spec)
	return err
}

// pointsOf answers what the trials of a spec run with; for the `then` step, which runs with the winner, nothing.
func pointsOf(spec *sweep.Spec) (func(trial int) (json.RawMessage, uint64), error) {
	method, err := search.New(spec)
	if err != nil {
		return nil, err
	}
	return func(trial int) (json.RawMessage, uint64) {
		if trial == results.ThenTrial {
			return nil, sweep.TrialSeed(spec.Seed, 0)
		}
		point, ok := method.Ask(trial)
		if !ok {
			return nil, 0
		}
		params, _ := json.Marshal(point) // a point that was launched has been marshalled before
		return params, sweep.TrialSeed(spec.Seed, trial)
	}, nil
}

// submit waits for a master, puts the spec into the bucket and hands the sweep in: a sweep that nobody could have run is
// in no bucket.
func (s *session) submit(ctx context.Context, spec *sweep.Spec) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	if err := s.isNew(ctx); err != nil {
		return err
	}
	name := results.ObjectName(s.cfg.id, results.SpecFile)
	if err := s.cfg.bucket.Put(ctx, name, bytes.NewReader(spec.Source)); err != nil {
		return fmt.Errorf("store spec: %w", err)
	}
	known := s.manifest(spec, time.Now())
	known.Kaon, known.Git = versionString(), gitOf(ctx, specFolder(spec))
	known.Began(thisRun(spec))
	if err := store.WriteSweep(ctx, s.cfg.bucket, known); err != nil {
		return fmt.Errorf("store sweep: %w", err)
	}
	err := s.loop.Submit(ctx, scheduler.Submit{ID: s.cfg.id, Spec: spec, Overrides: spec.Overrides})
	if errors.Is(err, scheduler.ErrClosed) { // the loop knows why
		<-s.loopDone
		select {
		case why := <-s.failed:
			return why
		default:
		}
	}
	return err
}

// isNew refuses to write over a sweep that has run. What an earlier process left that died before the sweep was accepted has
// no records, and is written again.
func (s *session) isNew(ctx context.Context) error {
	had, err := hasRecords(ctx, s.cfg.bucket, s.cfg.id)
	if err != nil {
		return fmt.Errorf("look for the sweep in the results: %w", err)
	}
	if had {
		return unreachable(fmt.Errorf("the results have records of a sweep %s already: nothing was changed", s.cfg.id))
	}
	_, err = store.ReadSweep(ctx, s.cfg.bucket, s.cfg.id)
	s.stored = errors.Is(err, bucket.ErrNotExist)
	return nil
}

// hasRecords reports whether the results hold any record of a sweep.
func hasRecords(ctx context.Context, bucket bucket.Bucket, id string) (bool, error) {
	for _, err := range bucket.List(ctx, results.RecordsPrefix(id)) {
		return err == nil, err
	}
	return false, nil
}

// makeState makes a sweep's state folder, and reports whether it was not there before.
func makeState(folder string) (made bool, err error) {
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		return false, err
	}
	switch err = os.Mkdir(folder, 0o700); {
	case err == nil:
		return true, nil
	case errors.Is(err, os.ErrExist):
		return false, os.MkdirAll(folder, 0o700) // a file of that name is an error
	}
	return false, err
}

// connect waits until a master has taken the scheduler in.
func (s *session) connect(ctx context.Context) error {
	patience := time.NewTimer(lookAloud)
	defer patience.Stop()
	for {
		select {
		case <-s.watcher.taken:
			return nil
		case err := <-s.failed:
			return err
		case <-ctx.Done():
			return errInterrupted
		case <-patience.C:
			s.cfg.tell("looking for a master: " + s.cluster.name)
		}
	}
}

// lookAloud is how long a master may take to answer before people are told that one is looked for.
const lookAloud = time.Second

// accepted tells whether the journal may have the sweep, which then may have begun. The session may have failed.
func (s *session) accepted(ctx context.Context) bool {
	snap, err := s.loop.Snapshot(ctx)
	if err != nil { // the loop has ended, and answers no more
		_, known, err := entryOf(s.journal, s.cfg.id)
		return known || err != nil
	}
	return len(snap.Sweeps) > 0
}

// trouble is why the results take no records or files now; nil when they do.
func (s *session) trouble() error {
	if err := s.writer.Status().Err; err != nil {
		return err
	}
	return s.depot.Trouble()
}

// retrying tells whether there is anything to run again.
func (s *session) retrying() bool { return s.watcher.retrying }

// again has the failed trials run again. Readers of the results see a sweep that runs.
func (s *session) again(ctx context.Context) error {
	sweepFile, err := store.ReadSweep(ctx, s.cfg.bucket, s.cfg.id)
	if err != nil {
		return err
	}
	sweepFile.State, sweepFile.Finished, sweepFile.Sentence = string(sweep.PhaseActive), "", ""
	sweepFile.Closed = s.watcher.closed() // retried are those that failed: what never started stays so
	sweepFile.Began(thisRun(s.cfg.spec))
	if err := store.WriteSweep(ctx, s.cfg.bucket, sweepFile); err != nil {
		return fmt.Errorf("store sweep: %w", err)
	}
	return s.loop.Do(ctx, scheduler.Retry{Sweep: s.cfg.id})
}

// manifest is sweep.json of a sweep that runs.
func (s *session) manifest(spec *sweep.Spec, created time.Time) store.Sweep {
	return sweepFile(s.cfg.id, spec, created, s.cfg.Cluster, s.watcher.step(spec))
}

// sweepFile is sweep.json of a sweep that has begun.
func sweepFile(id string, spec *sweep.Spec, created time.Time, cluster string, step *board.Step) store.Sweep {
	return store.Sweep{
		ID: id, Name: spec.Name, State: string(sweep.PhaseActive), Method: spec.Method, Seed: spec.Seed,
		SpecHash: specHash(spec.Source), Trials: spec.Trials, Objective: spec.Objective, Metrics: spec.Metrics,
		Created: created.UTC().Format(time.RFC3339Nano), Cluster: mesos.Redact(cluster), Then: step,
		File: spec.File, Overrides: overridesOf(spec), Provenance: effectiveOf(spec),
	}
}

// specHash is the SHA-256 of a spec's text.
func specHash(source []byte) string {
	sum := sha256.Sum256(source)
	return hex.EncodeToString(sum[:])
}

// finish writes what a sweep leaves behind: board, winner, and that it has ended.
func (s *session) finish(ctx context.Context, ended scheduler.SweepEnded, summary board.Summary, winner *board.Winner) error {
	sweepFile, err := store.ReadSweep(ctx, s.cfg.bucket, s.cfg.id)
	if err != nil {
		return err
	}
	sweepFile.State, sweepFile.Sentence, sweepFile.Closed = string(ended.Phase), ended.Sentence, s.watcher.closed()
	if step := s.watcher.step(s.cfg.spec); step != nil {
		sweepFile.Then = step
	}
	if sweepFile.Finished == "" {
		sweepFile.Finished = time.Now().UTC().Format(time.RFC3339Nano)
		sweepFile.Over(sweepFile.Finished)
	}
	if winner != nil {
		winner.SpecHash, winner.Created = sweepFile.SpecHash, sweepFile.Finished
		err = store.WriteWinner(ctx, s.cfg.bucket, *winner)
	}
	return errors.Join(err, s.tidy(ctx, summary),
		store.WriteBoard(ctx, s.cfg.bucket, summary),
		store.WriteSweep(ctx, s.cfg.bucket, sweepFile))
}

// began notes that this process goes on with a sweep that has not ended.
func (s *session) began(ctx context.Context) {
	s.note(ctx, func(known *store.Sweep) bool {
		known.Began(thisRun(s.cfg.spec))
		return known.Finished == ""
	})
}

// left notes that this process leaves a sweep that has not ended, and, when it was ending, why trials will never start, so that
// readers of the results count those as stopped.
func (s *session) left(ctx context.Context) {
	s.note(ctx, func(known *store.Sweep) bool {
		known.Over(time.Now().UTC().Format(time.RFC3339Nano))
		known.Closed = cmp.Or(known.Closed, s.watcher.closed())
		return known.Finished == ""
	})
}

// note changes sweep.json for readers of the results; nothing depends on it.
func (s *session) note(ctx context.Context, change func(*store.Sweep) bool) {
	known, err := store.ReadSweep(ctx, s.cfg.bucket, s.cfg.id)
	if err == nil && change(&known) {
		err = store.WriteSweep(ctx, s.cfg.bucket, known)
	}
	if err != nil {
		s.cfg.log.Warn("sweep.json is not up to date", "err", err)
	}
}

// progress is the scheduler's state as a watcher sees it.
func (s *session) progress(snap scheduler.Snapshot, began time.Time) progress {
	n := snap.Sweeps[0].Counts
	if s.member != nil {
		s.member.Want(s.cluster.wanted(s.cfg.spec, n, snap.Sweeps[0].Paused))
	}
	p := progress{
		total: n.Total, done: ended(n) - n.Stopped, stopped: n.Stopped, doneBefore: s.before, running: n.Running + n.Launched, failed: n.Failed,
		best: s.watcher.best(s.cfg.spec.Objective.Name), elapsed: time.Since(began), paused: snap.Sweeps[0].Paused,
	}
	if mean, ok := control.MeanPercent(s.watcher.Running(), s.cfg.id); ok {
		p.percent = fmt.Sprintf("%.0f %%", mean)
	}
	return p
}

func ended(n scheduler.Counts) int { return n.Succeeded + n.Failed + n.Stopped + n.Cached }

// keepWinner writes down what a `then` sweep starts from, for a later resume.
func keepWinner(cfg sessionConfig) error {
	if cfg.winner == nil {
		return nil
	}
	data, err := json.Marshal(cfg.winner)
	if err == nil {
		err = os.WriteFile(filepath.Join(cfg.state, winnerFile), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep the winner that %s starts from: %w", cfg.id, err)
	}
	return nil
}

// once says how an executor that serves one attempt is told so.
func once(t scheduler.ExecutorTemplate) scheduler.ExecutorTemplate {
	t.Once = []string{"--once"}
	return t
}

func (s *session) coreConfig(image study.Image) scheduler.Config {
	return scheduler.Config{
		Packer:         offers.NewIndex(0),
		Executor:       s.cfg.weigh(once(s.cluster.executor), s.cfg.spec),
		Inside:         s.cfg.weigh(inside(once(s.cluster.executor)), s.cfg.spec),
		Container:      func(_ string, spec *sweep.Spec) (*cluster.Container, error) { return s.container(spec) },
		Inputs:         func(string) []cluster.URI { return s.brought },
		Packing:        offers.Options{Policy: offers.Policy(s.cfg.spec.Packing)},
		PartitionGrace: s.cfg.PartitionGrace,
		ReviveEvery:    s.cluster.reviveEvery,
		Parallel:       s.cluster.room(s.cfg.spec, openFiles()),
		Studies: func(id string, spec *sweep.Spec) (scheduler.Study, error) {
			return study.New(id, spec, study.Options{
				Dir: s.workDir(spec), Getenv: os.LookupEnv, Interpreter: s.interpreter(spec), Image: image, Winner: s.cfg.winner,
				Files: s.files,
			})
		},
		Parse: func(e journal.SweepEntry) (*sweep.Spec, error) { return parseEntry(e, s.cfg.winner) },
	}
}

// workDir is where trials start: in an image, where it says.
func (s *session) workDir(spec *sweep.Spec) string {
	if spec.Task.Container != nil {
		return ""
	}
	return s.cluster.workDir(spec)
}

// interpreter is what ${interpreter} stands for: in an image, its python.
func (s *session) interpreter(spec *sweep.Spec) string {
	if spec.Task.Container != nil {
		return ""
	}
	return s.cluster.interpreter
}

// parseEntry reads a spec back as it was submitted, with the winner of the sweep before, if it is a `then`.
func parseEntry(e journal.SweepEntry, winner *board.Winner) (*sweep.Spec, error) {
	options := []sweep.Option{sweep.WithSet(e.Overrides...), sweep.WithSeed(e.Seed), withFilesBeside(e.File)}
	if winner != nil {
		options = append(options, sweep.WithWinner())
	}
	return sweep.Parse(e.File, e.Source, options...)
}

// start runs the loop and the writer until close.
func (s *session) start() {
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(context.Background()) // a signal ends the watching first, then close this
	s.loopDone = make(chan struct{})
	crash.Go(func() {
		defer close(s.loopDone)
		if err := guarded(func() error { return s.loop.Run(ctx) }); err != nil {
			s.failed <- err
		}
	})
	s.writerDone = make(chan struct{})
	crash.Go(func() {
		defer close(s.writerDone)
		// Close ends it, and says what was not written.
		if err := guarded(func() error { return s.writer.Run(context.Background()) }); err != nil {
			select {
			case s.failed <- err:
			default: // there is a reason already
			}
		}
	})
	var err error
	if s.door, err = control.Listen(filepath.Join(s.cfg.state, controlFile), s.loop, s.watcher); err != nil {
		s.watcher.say("kaon stop, pause, resume and message will not reach this run: %v", err) // it runs as well without
	}
}

// close ends the session within ctx: what is left is written, then the loop, the cluster and the journal end.
func (s *session) close(ctx context.Context) (err error) {
	if s.door != nil {
		err = s.door.Close()
	}
	if s.cancel != nil {
		err = errors.Join(err, s.writer.Close(ctx))
		<-s.writerDone
		s.cancel()
		<-s.loopDone
	}
	if s.cluster.interrupt != nil {
		s.cluster.interrupt()
	}
	if s.member != nil {
		s.member.Close()
	}
	if s.cluster.stop != nil {
		s.cluster.stop()
	}
	if s.depot != nil {
		err = errors.Join(err, s.depot.Close())
	}
	if s.journal != nil {
		err = errors.Join(err, s.journal.Close())
	}
	return err
}
