package clustertest

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// Breakable is a way to a master that can be broken, for engines whose master is in this process.
type Breakable struct {
	Way func() http.RoundTripper // as it is now
	streams
}

// RoundTrip implements http.RoundTripper.
func (b *Breakable) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, end := b.begin(r.Context())
	resp, err := b.Way().RoundTrip(r.WithContext(ctx))
	if err != nil {
		end()
		return nil, err
	}
	resp.Body = &endingBody{resp.Body, end}
	return resp, nil
}

// streams are the requests under way. The zero value has none.
type streams struct {
	mu   sync.Mutex
	next int
	open map[int]context.CancelFunc
}

func (s *streams) begin(ctx context.Context) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[int]context.CancelFunc{}
	}
	id := s.next
	s.next++
	s.open[id] = cancel
	return ctx, func() {
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, id)
	}
}

// Cut breaks what is under way, streams of events too.
func (s *streams) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cancel := range s.open {
		cancel()
	}
}

// endingBody ends its request when it is closed.
type endingBody struct {
	io.ReadCloser
	end func()
}

func (b *endingBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
