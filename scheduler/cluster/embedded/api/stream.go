package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Stream is the way of events to one subscriber. The core's side never blocks; the subscriber's side takes
// what has gathered and writes it at once.
type Stream struct {
	mu struct {
		sync.Mutex
		queue  []Message
		bytes  int
		closed bool
		broken bool
	}
	Ready chan struct{} // capacity 1; a full channel means the reader has yet to look
}

// streamMax bounds what waits for one subscriber. Beyond it the subscriber is cut off, and learns what it
// missed by subscribing again; 30,000 tasks may each have a few updates on their way.
const streamMax = 1 << 18

// StreamBytes bounds the same in bytes, as they are in protobuf.
const StreamBytes = 256 << 20

// NewStream makes a stream that nobody reads yet.
func NewStream() *Stream { return &Stream{Ready: make(chan struct{}, 1)} }

// Push adds an event. A subscriber for whom too much waits is cut off; what comes after the end is dropped.
func (s *Stream) Push(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return
	}
	if s.mu.bytes += m.Size(); len(s.mu.queue) >= streamMax || s.mu.bytes > StreamBytes {
		s.mu.closed, s.mu.broken, s.mu.queue = true, true, nil
	} else {
		s.mu.queue = append(s.mu.queue, m)
	}
	s.signal()
}

// Close ends the stream after what was pushed before.
func (s *Stream) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.closed = true
	s.signal()
}

// Abort breaks the stream at once, as a dead peer would.
func (s *Stream) Abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.closed, s.mu.broken = true, true
	s.signal()
}

func (s *Stream) signal() {
	select {
	case s.Ready <- struct{}{}:
	default:
	}
}

// Take returns what has gathered, and whether the stream has ended or broken after it.
func (s *Stream) Take() (events []Message, closed, broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	events, s.mu.queue, s.mu.bytes = s.mu.queue, nil, 0
	return events, s.mu.closed, s.mu.broken
}

// Serve writes the stream to a subscriber until either side ends it.
func (s *Stream) Serve(ctx context.Context, w http.ResponseWriter, kind Media) error {
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", string(kind))
	w.WriteHeader(http.StatusOK)
	if err := control.Flush(); err != nil {
		return fmt.Errorf("begin stream: %w", err)
	}
	var buf []byte
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Ready:
		}
		events, closed, broken := s.Take()
		if broken {
			panic(http.ErrAbortHandler) // what net/http offers to break a connection without ending the body
		}
		buf = buf[:0]
		for _, m := range events {
			var err error
			if buf, err = appendRecord(buf, kind, m); err != nil {
				return fmt.Errorf("encode event: %w", err)
			}
		}
		if len(buf) > 0 {
			// A subscriber that takes nothing must not hold memory for ever; connections of this server have
			// deadlines.
			_ = control.SetWriteDeadline(time.Now().Add(eventPatience))
			if _, err := w.Write(buf); err != nil {
				return fmt.Errorf("write events: %w", err)
			}
			if err := control.Flush(); err != nil {
				return fmt.Errorf("write events: %w", err)
			}
		}
		if closed {
			return nil
		}
		if cap(buf) > 1<<20 {
			buf = nil // one burst of offers must not hold megabytes for ever
		}
	}
}

const eventPatience = 30 * time.Second // for a subscriber to take what was written, else it is cut off
