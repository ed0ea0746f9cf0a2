package executor

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
)

// shared is the Mux of all attempts of one executor with its lock and timer. Its lock is taken after those of
// bundles and before those of attempts, and held by nobody who waits for the network.
type shared struct {
	mu    sync.Mutex
	mux   *outbox.Mux
	armed bool        // the timer will send what points there are
	timer *time.Timer // nil at first
}

func (s *shared) join(t *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mux.Join(t)
	s.mux.Hear(t.order.Interval, 0)
}

func (s *shared) leave(t *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mux.Leave(t)
}

// bundle is Mux.Bundle. The bundle's lock is held.
func (s *shared) bundle(b *outbox.Bundle) (*outbox.Update, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mux.Bundle(b, time.Now(), uuid.New)
}

// own is Mux.Own.
func (s *shared) own(t *attempt) (*outbox.Update, time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mux.Own(t, time.Now(), uuid.New)
}

// shared is Mux.Shared, by the timer that soon set.
func (s *shared) shared() ([]outbox.Sending, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = false
	return s.mux.Shared(time.Now(), uuid.New)
}

// soon runs flush when points may go, unless that is planned already.
func (s *shared) soon(flush func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.armed {
		return
	}
	s.armed = true
	if wait := max(s.mux.Until(time.Now()), 0); s.timer == nil {
		s.timer = time.AfterFunc(wait, crash.Func(flush))
	} else {
		s.timer.Reset(wait)
	}
}

// acknowledge is Mux.Acknowledge.
func (s *shared) acknowledge(t *attempt, id []byte) (ok, finished bool, landed []outbox.Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mux.Acknowledge(t, id, time.Now())
}

// hear is Mux.Hear.
func (s *shared) hear(interval time.Duration, received uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	goOn := s.mux.Hear(interval, received)
	if goOn && s.armed {
		s.timer.Reset(max(s.mux.Until(time.Now()), 0))
	}
	return goOn
}
