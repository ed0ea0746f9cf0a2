package simtest

import (
	"fmt"
	"math"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep"
)

// learner is a study whose points depend on everything it was told, and on the order of it, so that a core
// that repeats the dialogue differently after a restart shows at once.
type learner struct {
	scheduler.Study
	next    int    // no trial below was not asked for
	history uint64 // hash of what was told
}

// Learns implements scheduler.Study.
func (s *learner) Learns() bool { return true }

// Point implements scheduler.Study.
func (s *learner) Point(trial int) (sweep.Point, error) {
	if trial < s.next {
		return nil, fmt.Errorf("trial %d is asked for after trial %d", trial, s.next-1)
	}
	s.next = trial + 1
	base, err := s.Study.Point(trial)
	if err != nil {
		return nil, err
	}
	p := append(sweep.Point(nil), base...)
	for i := range p {
		if p[i].Name == "x" {
			p[i].Value = unit(mix(s.history, uint64(trial)))
		}
	}
	return p, nil
}

// Observe implements scheduler.Study.
func (s *learner) Observe(trial int, state sweep.State, value float64, known bool) {
	if !known {
		value = 0
	}
	s.history = mix(s.history, uint64(trial), uint64(state), math.Float64bits(value))
}
