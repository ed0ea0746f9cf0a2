package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/server/state"
)

// Teardown removes the framework from its master, for nothing of it will run again, and tells the journal,
// so that a later Open does not look for it. It fails when no master hears it now.
func (s *Server) Teardown(ctx context.Context) error {
	if err := s.driver.Send(ctx, cluster.Teardown{}); err != nil {
		return err
	}
	if err := s.journal.Append([]journal.Entry{journal.FrameworkEntry{}}); err != nil {
		s.cfg.Log.Warn("a later resume will look for the framework", "err", err)
	}
	return nil
}

// TeardownOnConnect tears the framework down as soon as a master takes this process in, which was away when
// the last sweep ended or has not answered yet. Without it a master would keep the framework for its
// failover timeout, a week. It waits no longer than Cluster.ConnectTimeout.
func (s *Server) TeardownOnConnect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Cluster.ConnectTimeout)
	defer cancel()
	patience := time.AfterFunc(connectNoticeAfter, crash.Func(func() {
		s.notify(Notice{Kind: Connecting,
			Text: "looking for a master, to tell it that the sweep has ended: " + s.cluster.name})
	}))
	defer patience.Stop()
	for {
		connected, changed := s.connection()
		if connected && s.Teardown(ctx) == nil {
			return nil
		}
		select {
		case <-changed:
		case <-s.failed:
			var refused *mesos.FrameworkError
			if errors.As(s.err, &refused) { // it is not ours any more
				return nil
			}
			return s.err
		case <-ctx.Done():
			return fmt.Errorf("look for a master: %w", ctx.Err())
		}
	}
}

// Close ends the server within ctx: what is left of records and results is written, then the loop, the
// cluster and the journal end. What has not ended goes on with the next Open on the same folder; tasks on a
// Mesos run meanwhile. A server that has no sweep leaves nothing behind.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	again := s.mu.closed
	s.mu.closed = true
	s.mu.Unlock()
	if again {
		return nil
	}
	defer context.AfterFunc(ctx, crash.Func(s.giveUp))()
	err := s.closeControl()
	empty := s.empty(ctx)
	if s.loop != nil {
		err = errors.Join(err, s.closeSweeps(ctx, empty))
	}
	s.cancel()
	if s.loop != nil {
		<-s.loopDone
	}
	s.closeSamplers()
	s.group.Wait()
	s.finishing.Wait()
	s.giveUp()
	s.closeCluster()
	err = errors.Join(err, s.closeFiles())
	if empty && !s.keeps() {
		s.removeFolder()
	}
	return err
}

// keeps reports whether the folder has what somebody will want though there is no sweep: a service's cordons, tokens
// and audit log lie beside the journal.
func (s *Server) keeps() bool {
	if s.cfg.Only != "" {
		return false
	}
	all, err := os.ReadDir(s.cfg.Folder)
	for _, one := range all {
		if info, err := one.Info(); err == nil && info.Mode().IsRegular() && info.Size() > 0 &&
			!strings.HasPrefix(one.Name(), state.JournalFile) {
			return true
		}
	}
	return err != nil
}

func (s *Server) closeControl() error {
	if s.control == nil {
		return nil
	}
	return s.control.Close()
}

// empty tells whether no sweep was ever taken, so that nobody will want the journal.
func (s *Server) empty(ctx context.Context) bool {
	if s.journal == nil {
		return true
	}
	if s.loop != nil {
		snap, err := s.loop.Snapshot(ctx)
		if err == nil || !errors.Is(err, scheduler.ErrClosed) {
			return err == nil && len(snap.Sweeps) == 0
		}
		<-s.loopDone
	}
	has, err := state.JournalHas(s.journal, "")
	return err == nil && !has
}

// closeSweeps writes what is left of the records. A framework for which no sweep was taken is removed.
func (s *Server) closeSweeps(ctx context.Context, empty bool) (err error) {
	if empty {
		quick, cancel := context.WithTimeout(ctx, cleanUp)
		_ = s.Teardown(quick) // fails when no master has taken it in, and then there is nothing to remove
		cancel()
	}
	for _, sw := range s.Sweeps() {
		select {
		case <-sw.Ended():
		default:
			sw.left(ctx)
		}
	}
	for _, sw := range s.Sweeps() {
		err = errors.Join(err, sw.closeWriter(ctx))
	}
	return err
}

// closeCluster ends what runs on the embedded cluster, and then that.
func (s *Server) closeCluster() {
	if s.cluster.interrupt != nil {
		s.cluster.interrupt()
	}
	if s.mu.member != nil {
		s.mu.member.Close()
	}
	if s.cluster.stop != nil {
		s.cluster.stop()
	}
}

func (s *Server) closeFiles() (err error) {
	for _, sw := range s.Sweeps() {
		if sw.staging.FileServer != nil {
			err = errors.Join(err, sw.staging.FileServer.Close())
		}
	}
	if s.files != nil {
		err = errors.Join(err, s.files.Close())
	}
	if s.journal != nil {
		err = errors.Join(err, s.journal.Close())
	}
	return err
}

// removeFolder removes the state folder, if this process has made it, and those above it that are empty now.
func (s *Server) removeFolder() {
	for i := len(s.made) - 1; i >= 0; i-- {
		if s.made[i] == s.cfg.Folder {
			if err := os.RemoveAll(s.cfg.Folder); err != nil {
				s.cfg.Log.Error("the state of a sweep that never began stays", "folder", s.cfg.Folder, "err", err)
			}
			continue
		}
		if os.Remove(s.made[i]) != nil {
			return // another process has something there
		}
	}
}
