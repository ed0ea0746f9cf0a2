package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/server/staging"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

func (s *Server) newSweep(id, folder string, spec *sweep.Spec, winner *board.Winner) *Sweep {
	sw := &Sweep{server: s, id: id, winner: winner, own: map[int]int{}, changing: make(chan struct{}, 1)}
	sw.spec.Store(spec)
	sw.staging = staging.Stage{
		ID: id, Spec: spec, Folder: folder, Bucket: s.cfg.Bucket, BucketFolder: s.cfg.BucketFolder,
		Place: s.cluster.Place,
		Warn:  func(text string) { sw.notify(Warning, text) },
	}
	sw.mu.ending, sw.mu.stored = make(chan struct{}), make(chan struct{})
	return sw
}

// ID is the sweep's name, which no other has.
func (sw *Sweep) ID() string { return sw.id }

// Spec is what it runs, another one once it is extended. It must not be changed.
func (sw *Sweep) Spec() *sweep.Spec { return sw.spec.Load() }

// Folder is where its state lies that the journal does not hold.
func (sw *Sweep) Folder() string { return sw.staging.Folder }

// extended is what was changed since the sweep began.
func (sw *Sweep) extended() []journal.Extension {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	return sw.mu.extended
}

// Overrides are the changes of the spec that the sweep was submitted with, without those by which it went on. They
// must not be changed.
func (sw *Sweep) Overrides() []string {
	set := sw.Spec().Overrides
	for _, x := range sw.extended() {
		set = set[:max(0, len(set)-len(x.Overrides))]
	}
	return set
}

func (sw *Sweep) notify(kind NoticeKind, text string) {
	sw.server.notify(Notice{Sweep: sw.id, Kind: kind, Text: text})
}

func (sw *Sweep) say(format string, args ...any) { sw.notify(News, fmt.Sprintf(format, args...)) }

// openResults makes the sweep's board, with what an earlier process stored of it, the writer of its
// records, and the file server that takes its files.
func (sw *Sweep) openResults(ctx context.Context) error {
	s, spec := sw.server, sw.Spec()
	cfg := board.Config{Sweep: sw.id, Trials: spec.Trials, Objective: spec.Objective, Metrics: spec.Metrics,
		Repeat: spec.Repeat,
		Stats:  s.cfg.BoardStats}
	// An error: it is new, or the records will tell what is wrong with the bucket.
	if known, err := store.ReadSweep(ctx, s.cfg.Bucket, sw.id); err == nil && sw.staging.Resumed {
		cfg.Closed = known.Closed
	}
	records, damage, err := store.LoadRecords(ctx, s.cfg.Bucket, cfg)
	if err != nil {
		err = fmt.Errorf("read the records of %s: %w", sw.id, err)
		if deniesAll(ctx, s.cfg.Bucket, sw.id, err) != nil {
			return err
		}
		err = unreachable(fmt.Errorf("%w; nothing was changed; mend them with: kaon repair %s", err, sw.id))
		if err = sw.lacks(err); err != nil {
			return err
		}
		records = board.New(cfg)
	}
	if len(damage) > 0 { // what is missing would be missing from the winner, and from what is kept for it
		err := unreachable(fmt.Errorf("the records of %s are damaged: %s: %w; nothing was changed; mend them "+
			"with: kaon repair %s",
			sw.id, damage[0].Object, damage[0].Err, sw.id))
		if err = sw.lacks(err); err != nil {
			return err
		}
	}
	sw.mu.board = records
	sw.writer = store.NewWriter(store.Config{
		Bucket: s.cfg.Bucket, Sweep: sw.id, Log: s.cfg.Log, Stats: s.cfg.StoreStats,
		Written: func(number uint64) { s.loop.Enqueue(scheduler.RecordsStored{Sweep: sw.id, Through: number}) },
		Replay: func(after uint64, yield func(uint64, results.Record) bool) error {
			return s.journal.Replay(sw.id, after, yield)
		},
	})
	if err = sw.openFileServer(); err != nil && sw.over && s.cfg.Only == "" {
		err = sw.lacks(damagedState(sw.id, err))
	}
	return err
}

func (sw *Sweep) openFileServer() error {
	s := sw.server
	at := sw.id
	if s.cfg.Only != "" {
		at = ""
	}
	if err := sw.staging.OpenFileServer(transfer.Config{Parent: s.files, At: at, Log: s.cfg.Log}); err != nil {
		return err
	}
	sw.staging.FileServer.Ended(sw.has)
	return nil
}

// stage makes ready what attempts are given.
func (sw *Sweep) stage(ctx context.Context) (err error) {
	if err := sw.checkImages(ctx); err != nil {
		return err
	}
	if sw.given, err = sw.staging.Files(ctx); err != nil {
		return err
	}
	if sw.image, err = sw.staging.Image(ctx); err != nil {
		return err
	}
	if sw.Spec().Task.Container != nil {
		if _, err := sw.staging.Container(); err != nil { // said now rather than when the sweep is taken
			return usage(err)
		}
	}
	sw.need, err = plan.Largest(sw.Spec())
	return err
}

// checkImages makes sure that trials in an image could start where they are to run.
func (sw *Sweep) checkImages(ctx context.Context) error {
	switch {
	case sw.Spec().Task.Container == nil:
		return nil
	case sw.server.cluster.Local:
		return needEngine(ctx)
	}
	return sw.server.cfg.Cluster.servesStatic()
}

// builderOptions are what trials are told besides the spec. In an image they start where it says, with its
// python.
func (sw *Sweep) builderOptions() task.Options {
	o := task.Options{Getenv: os.LookupEnv, Image: sw.image, Winner: sw.winner, Files: sw.given, Work: sw.work}
	if sw.Spec().Task.Container == nil {
		o.Dir, o.Interpreter = sw.server.cluster.WorkDir(sw.Spec()), sw.server.cluster.Interpreter
	}
	return o
}

func (sw *Sweep) startWriter() {
	sw.writerDone = make(chan struct{})
	crash.Go(func() {
		defer close(sw.writerDone)
		// Close ends it, and says what was not written.
		if err := crash.Guard(func() error { return sw.writer.Run(context.Background()) }); err != nil {
			sw.server.failWith(err)
		}
	})
}

// closeWriter brings to the bucket what is left of the records, within ctx.
func (sw *Sweep) closeWriter(ctx context.Context) error {
	if sw.writerDone == nil {
		return nil
	}
	err := sw.writer.Close(ctx)
	<-sw.writerDone
	return err
}

// agree compares what the journal says of trials that have ended with the board. A record leaves the
// journal when the bucket has it, so one that neither has was lost, and without it the sweep could get
// another winner. A journal that lags behind the results would give the numbers of known attempts to
// others.
func (sw *Sweep) agree(core *scheduler.Core) error {
	if trial, behind := core.Behind(sw.id, sw.has); behind {
		file := filepath.Join(sw.server.cfg.Folder, state.JournalFile)
		return unreachable(fmt.Errorf("the journal %s is an older one of %s: the results know the end of an "+
			"attempt (%s, for example) that it does "+
			"not; nothing was changed; put the newer one back, or move %s* away and rebuild it with: kaon repair %s",
			file, sw.id, format.Trial(trial), file, sw.id))
	}
	lost, first := 0, 0
	for trial, attempt := range core.Ended(sw.id) {
		if sw.has(trial, attempt) {
			continue
		}
		if lost++; lost == 1 {
			first = trial
		}
	}
	if lost == 0 {
		return nil
	}
	return unreachable(fmt.Errorf("the results lack the records of %s of %s that ended (%s, for example), and "+
		"the journal has them no more; "+
		"nothing was changed; bring back what there is with: kaon repair %s", format.Plural(lost,
		"trial"), sw.id, format.Trial(first), sw.id))
}

// lacks takes what is wrong with the results of a sweep. One that has ended is left as it is, and keeps no other sweep
// from running: who shares the results may have deleted it there. A retry is refused.
func (sw *Sweep) lacks(err error) error {
	if err == nil || !sw.over || sw.server.cfg.Only != "" {
		return err
	}
	if sw.lost == nil {
		sw.lost = err
		sw.damagedBy(err)
	}
	return nil
}

// damagedBy has a sweep that has ended never go on, and people hear why.
func (sw *Sweep) damagedBy(err error) {
	if sw.broken == nil {
		sw.broken = err
	}
	sw.damage = errors.Join(sw.damage, err)
	sw.server.cfg.Log.Warn("what there is of a sweep that has ended is not whole", "sweep", sw.id, "err", err)
	sw.say("%v", err)
}

// Damage is what is damaged or missing of a sweep that has ended, with what to do: it does not go on before that is
// mended and its server is started anew. Nil: nothing that this process knows of.
func (sw *Sweep) Damage() error { return sw.damage }

// Damaged is the text of a sweep's Damage; empty: it has none.
func (s *Server) Damaged(id string) string {
	if sw, known := s.Sweep(id); known && sw.damage != nil {
		return sw.damage.Error()
	}
	return ""
}

// Ended is closed when all trials of the sweep, and the step that follows them, have ended. Its results may
// not be stored yet: see Wait. After a retry it is another.
func (sw *Sweep) Ended() <-chan struct{} {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	return sw.mu.ending
}

// Wait waits until the sweep has ended and its results are stored, and answers how it ended. An error with
// an Outcome that has a Phase says that it ended, and why not everything is stored.
func (sw *Sweep) Wait(ctx context.Context) (Outcome, error) {
	sw.mu.Lock()
	ending, stored := sw.mu.ending, sw.mu.stored
	sw.mu.Unlock()
	select {
	case <-ending:
	case <-sw.server.failed:
		return Outcome{}, sw.server.err
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	}
	select {
	case <-stored:
		sw.mu.Lock()
		defer sw.mu.Unlock()
		return sw.mu.outcome, sw.mu.err
	case <-ctx.Done():
		err := ctx.Err()
		if trouble := sw.Trouble(); trouble != nil {
			err = fmt.Errorf("%w: %w", err, trouble)
		}
		return sw.end(), err
	}
}

// Trouble is why the results take no records or files of the sweep now; nil when they do.
func (sw *Sweep) Trouble() error {
	if err := sw.writer.Status().Err; err != nil {
		return err
	}
	sw.mu.Lock()
	trouble := sw.mu.trouble
	sw.mu.Unlock()
	if trouble != nil {
		return trouble
	}
	if sw.staging.FileServer == nil { // it could not be opened, of a sweep that has ended
		return nil
	}
	return sw.staging.FileServer.Err()
}

// end is how a sweep ended whose ending is closed.
func (sw *Sweep) end() Outcome {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	out := Outcome{SweepEnded: sw.mu.over, Early: sw.mu.board.EarlyStopped()}
	if winner, ok := sw.mu.board.Winner(); ok {
		out.Winner = &winner
	}
	return out
}

// fold puts a record on the board before the scheduler tells of it.
func (sw *Sweep) fold(r results.Record) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	_ = sw.mu.board.Fold(r) // refuses only what is not this sweep's
}

// has reports whether the board knows how an attempt ended.
func (sw *Sweep) has(trial, attempt int) bool {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	return sw.mu.board.Has(trial, attempt)
}

// View lets f read the board. It must not keep it, nor take long: the scheduler waits for it.
func (sw *Sweep) View(f func(*board.Board)) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	f(sw.mu.board)
}

// closed is why trials that have not started never will; empty when they may.
func (sw *Sweep) closed() string {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	return sw.mu.board.Closed()
}

// step is how the step that follows the trials stands; nil when none does.
func (sw *Sweep) step() *board.Step {
	if !sw.Spec().Then.Step() {
		return nil
	}
	sw.mu.Lock()
	defer sw.mu.Unlock()
	step := sw.mu.board.Step()
	return &step
}
