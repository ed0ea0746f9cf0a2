package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// teardown removes the framework from its master, for nothing of it will run again, and reports whether the master heard
// it. The journal is told, so that a later resume does not look for it.
func (s *session) teardown(ctx context.Context) bool {
	if err := s.driver.Send(ctx, cluster.Teardown{}); err != nil {
		return false
	}
	if err := s.journal.Append([]journal.Entry{journal.FrameworkEntry{}}); err != nil {
		s.cfg.log.Warn("a later resume will look for the framework", "err", err)
	}
	return true
}

// farewell tears the framework down as soon as a master takes this process in, which was away when the sweep ended or has
// not answered yet. Without it a master would keep the framework for its failover timeout, a week.
func (s *session) farewell(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ConnectTimeout)
	defer cancel()
	patience := time.AfterFunc(lookAloud, crash.Func(func() {
		s.cfg.tell("looking for a master, to tell it that the sweep has ended: " + s.cluster.name)
	}))
	defer patience.Stop()
	for {
		select {
		case <-s.watcher.taken:
			if s.teardown(ctx) {
				return nil
			}
		case err := <-s.failed:
			var refused *mesos.FrameworkError
			if errors.As(err, &refused) { // it is not ours any more
				return nil
			}
			return err
		case <-ctx.Done():
			return fmt.Errorf("look for a master: %w", ctx.Err())
		}
	}
}

// part says farewell to the master of a sweep that has ended, and tells when it could not.
func (r *runner) part(ctx context.Context, s *session) {
	if err := s.farewell(ctx); err != nil {
		fmt.Fprintf(r.out.stderr, "kaon: warning: no master has heard that %s has ended (%v): it keeps the framework until the failover timeout; "+
			"tell it with: %s\n", s.cfg.id, err, r.again("run --resume", s.cfg.id))
	}
}

// silent is the driver of a sweep that no master knows any more.
type silent struct{}

func (silent) Run(ctx context.Context, _ func(...cluster.Event)) error {
	<-ctx.Done()
	return nil
}

func (silent) Send(context.Context, cluster.Call) error { return nil }
