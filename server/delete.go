package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// Delete forgets a sweep that has ended: its state, and everything of it in the results. The error of one that
// has not ended wraps scheduler.ErrAtWork.
func (s *Server) Delete(ctx context.Context, id string) (Freed, error) {
	if err := s.release(ctx, id, true); err != nil {
		return Freed{}, err
	}
	if freed, was, err := s.DeleteLeft(ctx, id); was || err != nil {
		return freed, err
	}
	return DeleteResults(ctx, s.cfg.Bucket, id)
}

// Release forgets a sweep that has ended, and its state; its results stay. The error of one that has not ended wraps
// scheduler.ErrAtWork.
func (s *Server) Release(ctx context.Context, id string) error { return s.release(ctx, id, false) }

// release is Release. With all, the results and the state folder are deleted next, so it does not wait until pending
// records are stored.
func (s *Server) release(ctx context.Context, id string, all bool) (err error) {
	sw, done, err := s.alone(ctx, id)
	if err != nil {
		return err
	}
	defer done()
	select {
	case <-sw.Ended():
	default:
		return usage(fmt.Errorf("delete sweep %s: %w", id, scheduler.ErrAtWork))
	}
	if all {
		if err := sw.takesEnd(ctx); err != nil && ctx.Err() != nil { // with another error it goes, too
			return err
		}
	} else if _, err := sw.Wait(ctx); err != nil {
		return classify(err)
	}
	forgotten := false
	defer func() {
		if all && !forgotten {
			sw.finishAgain()
		}
	}()
	if err := sw.finished(ctx, all); err != nil { // then another may have the name
		return err
	}
	// a call that was cut off came as far
	if err := s.forget(ctx, id, all); err != nil && !errors.Is(err, scheduler.ErrUnknown) {
		return classify(err)
	}
	forgotten = true
	return s.discard(ctx, sw, all)
}

// discard frees what the server has of a sweep that the scheduler has forgotten, also when the call for it was cut off
// meanwhile. With all the records that are not stored go, too, and its folder stays for DeleteLeft.
func (s *Server) discard(ctx context.Context, sw *Sweep, all bool) (err error) {
	ctx = context.WithoutCancel(ctx) // all records are in the bucket
	sw.discarded.Do(func() {
		sw.mu.Lock()
		stored := sw.mu.stored
		sw.mu.Unlock()
		if all {
			sw.settle(stored, sw.end(), usage(fmt.Errorf("sweep %s was deleted: %w", sw.id, scheduler.ErrUnknown)))
			gone, cancel := context.WithCancel(ctx)
			cancel()
			ctx = gone
		}
		sw.manifest.Lock()
		sw.gone = true
		sw.manifest.Unlock()
		if err := sw.closeWriter(ctx); err != nil && !all {
			s.cfg.Log.Error("the writer of a forgotten sweep", "sweep", sw.id, "err", err)
		}
		if sw.staging.FileServer != nil {
			if err := sw.staging.FileServer.Close(); err != nil {
				s.cfg.Log.Error("the file server of a forgotten sweep", "sweep", sw.id, "err", err)
			}
		}
		if s.cfg.Only == "" && !all {
			if err = os.RemoveAll(sw.staging.Folder); err != nil {
				err = fmt.Errorf("delete the state of %s: %w", sw.id, err)
				s.cfg.Log.Error("what a forgotten sweep leaves", "err", err)
			}
		}
		s.remove(sw) // last: from here on another may have the name
	})
	return err
}

// forgetPatience is how long the last records of a sweep that has ended may take to the bucket, and the news of
// that to the scheduler.
const (
	forgetPatience = 10 * time.Second
	forgetAgain    = 20 * time.Millisecond
)

// forget has the journal forget a sweep as soon as the bucket has all of it; with all also before.
func (s *Server) forget(ctx context.Context, id string, all bool) error {
	ctx, cancel := context.WithTimeout(ctx, forgetPatience)
	defer cancel()
	for {
		err := s.loop.Do(ctx, scheduler.Forget{Sweep: id, Unstored: all})
		if !errors.Is(err, scheduler.ErrAtWork) {
			return err
		}
		if !timer.Sleep(ctx, forgetAgain) {
			return err
		}
	}
}
