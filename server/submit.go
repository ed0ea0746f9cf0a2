package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// Submission is a sweep to be run.
type Submission struct {
	ID     string        // that no other sweep in the results has; empty: NewSweepID of the spec's Title
	Spec   *sweep.Spec   // its File must be absolute
	Winner *board.Winner // of the sweep that this one follows; nil: it follows none
	Origin Origin
}

// Submit makes ready what the sweep's attempts are given, waits for a master, puts the spec into the
// bucket, and hands the sweep in: a sweep that nobody could have run is in no bucket. It returns when the
// journal has the sweep. When it fails, nothing of the sweep is left behind, unless the error is a
// SubmitError that says Accepted.
func (s *Server) Submit(ctx context.Context, sub Submission) (*Sweep, error) {
	if err := s.checkQueue(sub.Spec.InQueue()); err != nil {
		return nil, usage(err)
	}
	if sub.ID == "" {
		sub.ID = NewSweepID(sub.Spec.Title())
	}
	sw := s.newSweep(sub.ID, s.folderOf(sub.ID), sub.Spec, sub.Winner)
	sw.origin = sub.Origin
	sw.staging.Owner = sub.Origin.Owner
	if err := s.add(sw); err != nil {
		return nil, err
	}
	if err := sw.prepare(ctx); err != nil {
		sw.discard(ctx)
		return nil, classify(err)
	}
	err := sw.handIn(ctx)
	if err == nil {
		return sw, nil
	}
	if sw.accepted(ctx) {
		return nil, classify(&SubmitError{Sweep: sw.id, Accepted: true, Err: err})
	}
	sw.discard(ctx)
	return nil, classify(&SubmitError{Sweep: sw.id, Err: err})
}

// prepare makes the sweep's parts.
func (sw *Sweep) prepare(ctx context.Context) error {
	made, err := makeFolder(sw.staging.Folder)
	if err != nil {
		return unreachable(fmt.Errorf("make state folder: %w", err))
	}
	sw.made = len(made) > 0
	if err := sw.keepWinner(); err != nil {
		return err
	}
	if err := sw.learnFrom(ctx); err != nil {
		return err
	}
	if err := sw.openResults(ctx); err != nil {
		return err
	}
	if err := sw.stage(ctx); err != nil {
		return err
	}
	if err := sw.remember(ctx); err != nil {
		return err
	}
	sw.sayRoom()
	sw.startWriter()
	sw.prepared.Store(true)
	return nil
}

// keepWinner writes down what a `then` sweep starts from, for a later resume.
func (sw *Sweep) keepWinner() error {
	if sw.winner == nil {
		return nil
	}
	if err := state.KeepWinner(sw.staging.Folder, sw.winner); err != nil {
		return fmt.Errorf("keep the winner that %s starts from: %w", sw.id, err)
	}
	return nil
}

// handIn gives the sweep to the scheduler.
func (sw *Sweep) handIn(ctx context.Context) error {
	s := sw.server
	s.shareMachine(scheduler.Snapshot{})
	if err := s.connect(ctx); err != nil {
		return err
	}
	if err := sw.isNew(ctx); err != nil {
		return err
	}
	name := results.ObjectName(sw.id, results.SpecFile)
	if err := s.cfg.Bucket.Put(ctx, name, bytes.NewReader(sw.Spec().Source)); err != nil {
		return fmt.Errorf("store spec: %w", err)
	}
	if err := sw.writeManifest(ctx, sw.newManifest(ctx)); err != nil {
		return err
	}
	if sw.work != "" {
		if err := store.WriteWork(ctx, s.cfg.Bucket, sw.work, sw.id); err != nil {
			return fmt.Errorf("tell that the sweep has results of its work: %w", err)
		}
	}
	err := s.loop.Submit(ctx, scheduler.Submit{ID: sw.id, Spec: sw.Spec(), Overrides: sw.Spec().Overrides,
		Owner: sw.origin.Owner})
	if errors.Is(err, scheduler.ErrClosed) { // the loop knows why
		<-s.loopDone
		if why := s.Err(); why != nil {
			return why
		}
	}
	return err
}

// isNew refuses to write over a sweep that has run. What an earlier process left that died before the sweep
// was accepted has no records, and is written again.
func (sw *Sweep) isNew(ctx context.Context) error {
	in := sw.server.cfg.Bucket
	had, err := HasRecords(ctx, in, sw.id)
	if err != nil {
		return fmt.Errorf("look for the sweep in the results: %w", err)
	}
	if had {
		return unreachable(fmt.Errorf("the results have records of a sweep %s already: nothing was changed", sw.id))
	}
	_, err = store.ReadSweep(ctx, in, sw.id)
	sw.put = errors.Is(err, bucket.ErrNotExist)
	return nil
}

// HasRecords reports whether the results hold any record of a sweep.
func HasRecords(ctx context.Context, b bucket.Bucket, id string) (bool, error) {
	for _, err := range b.List(ctx, results.RecordsPrefix(id)) {
		return err == nil, err
	}
	return false, nil
}

// accepted tells whether the journal may have the sweep, which then may have begun. The server may have
// failed.
func (sw *Sweep) accepted(ctx context.Context) bool {
	_, err := sw.server.loop.Sweep(context.WithoutCancel(ctx), sw.id) // while the loop is busy nobody can know
	if err == nil || errors.Is(err, scheduler.ErrUnknown) {
		return err == nil
	}
	<-sw.server.loopDone // the loop has ended, and answers no more
	known, err := state.JournalHas(sw.server.journal, sw.id)
	return known || err != nil
}

// discard removes what there is of a sweep of which nothing ran.
func (sw *Sweep) discard(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	s := sw.server
	defer s.remove(sw)      // last: from there on another may have the name, the same submission made again
	_ = sw.closeWriter(ctx) // it has nothing
	if sw.staging.FileServer != nil {
		_ = sw.staging.FileServer.Close()
	}
	names := []string{results.ObjectName(sw.id, results.SweepFile), results.ObjectName(sw.id, results.SpecFile)}
	if sw.work != "" {
		names = append(names, results.WorkName(sw.work, sw.id))
	}
	for _, name := range names {
		if !sw.put {
			break
		}
		if err := s.cfg.Bucket.Delete(ctx, name); err != nil {
			s.cfg.Log.Error("a sweep that never began stays in the results", "sweep", sw.id, "err", err)
		}
	}
	if !sw.made {
		return
	}
	if err := os.RemoveAll(sw.staging.Folder); err != nil {
		s.cfg.Log.Error("the state of a sweep that never began stays", "folder", sw.staging.Folder, "err", err)
	}
}

// NewSweepID is a name nobody else has: the Slug of the spec's Title, and six random letters.
func NewSweepID(name string) string { return sweep.Slug(name) + "-" + strings.ToLower(rand.Text()[:6]) }
