package run

import (
	"math"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// policyOf is what a step's keys say of when it runs and is tried again.
func policyOf(s *workflow.Step) engine.Policy {
	p := engine.Policy{When: s.When, Timeout: s.Timeout, Optional: s.OnFailure == workflow.Continue, Hold: s.Breakpoint}
	if r := s.Retry; r.Times > 0 {
		p.Retry = func(fault engine.Fault, failures int) (time.Duration, bool) {
			return backoff(r, failures), failures <= r.Times && (len(r.On) == 0 || slices.Contains(r.On, kindOf(fault)))
		}
	}
	return p
}

func kindOf(f engine.Fault) workflow.FailureKind {
	switch f {
	case engine.Timeout:
		return workflow.TimedOut
	case engine.Platform:
		return workflow.Lost
	case engine.User, engine.Input:
	}
	return workflow.Failed
}

// backoff is the wait before the attempt that follows so many failures.
func backoff(r workflow.Retry, failures int) time.Duration {
	const longest = 30 * 24 * time.Hour
	limit := longest
	if r.Longest > 0 {
		limit = r.Longest
	}
	wait := float64(r.Backoff) * math.Pow(max(r.Factor, 1), float64(failures-1))
	return time.Duration(min(wait, float64(limit)))
}
