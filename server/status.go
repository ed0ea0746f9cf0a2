package server

import (
	"cmp"
	"context"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler"
)

// Status is how a sweep stands.
type Status struct {
	scheduler.SweepStatus
	EndedBefore int           // trials that had run to their end when this process began with the sweep
	Leader      *board.Ranked // the best trial so far; nil: none
	Waiting     string        // why trials wait; empty: there is no reason to tell
	Starting    string        // of it, what keeps launched trials from starting, as the engine knows; mostly empty
	Held        bool          // other runs on this machine have what they wait for
}

// Status is how the sweep stands now.
func (sw *Sweep) Status(ctx context.Context) (Status, error) {
	st, err := sw.server.loop.Sweep(ctx, sw.id)
	if err != nil {
		return Status{}, err
	}
	return sw.status(st), nil
}

func (sw *Sweep) status(st scheduler.SweepStatus) Status {
	out := Status{SweepStatus: st, Waiting: sw.server.Waiting(sw.id), Starting: sw.server.Starting(sw.id),
		Held: sw.server.held() != ""}
	sw.mu.Lock()
	defer sw.mu.Unlock()
	out.EndedBefore = sw.mu.endedBefore
	if best, ok := sw.mu.board.Best(); ok {
		out.Leader = &best
	}
	return out
}

// Waiting says why the last packing pass left trials of a sweep waiting; empty when it left none. While
// others have this machine, what is left of it is not the reason.
func (s *Server) Waiting(id string) string {
	sw, known := s.Sweep(id)
	if !known {
		return ""
	}
	why := sw.whyWaiting()
	if held := s.held(); held != "" && why != "" {
		return held
	}
	begun := s.Starting(id) // which a pass of the packer does not know
	if begun != "" && why != "" {
		return begun + "; " + why
	}
	return cmp.Or(begun, why)
}

// Starting says what keeps launched trials of a sweep from starting, as far as the engine knows; empty: nothing.
func (s *Server) Starting(id string) string {
	if s.cluster.waits == nil {
		return ""
	}
	return s.cluster.waits(id)
}

// Pending is the records of a sweep that are on their way to the bucket.
func (s *Server) Pending(id string) []results.Record {
	sw, known := s.Sweep(id)
	if !known {
		return nil
	}
	return sw.writer.Pending()
}

func (sw *Sweep) whyWaiting() string {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	return sw.mu.waiting
}
