package server

import (
	"context"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

const (
	// connectNoticeAfter is how long a master may take to answer before people are told that one is looked for.
	connectNoticeAfter = time.Second
	cleanUp            = 10 * time.Second // how long to remove what a sweep has left of which nothing ran
)

// connect waits until a master has taken the scheduler in.
func (s *Server) connect(ctx context.Context) error {
	s.driver.start()
	patience := time.AfterFunc(connectNoticeAfter, crash.Func(func() {
		s.notify(Notice{Kind: Connecting, Text: "looking for a master: " + s.cluster.name})
	}))
	defer patience.Stop()
	for {
		connected, changed := s.connection()
		if connected {
			return nil
		}
		select {
		case <-changed:
		case <-s.failed:
			return s.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// connection tells whether a master has taken the scheduler in, and gives what is closed when that may have
// changed.
func (s *Server) connection() (connected bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.connected, s.mu.changed
}
