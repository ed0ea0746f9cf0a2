package scheduler

import (
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/stop"
)

// stops is a sweep's stopper with what it has decided and nobody has carried out yet. The step ThenTrial is nobody's
// rival and is left out, and so is everything where no trial is ended early.
type stops struct {
	*stop.Stopper // nil: nobody is ended early
	pending       []stop.Decision
}

func (s *stops) concerns(trial int) bool { return s.Stopper != nil && trial != ThenTrial }

// report has the stopper take in a value of a live trial.
func (s *stops) report(trial int, r stop.Report) {
	if s.concerns(trial) {
		s.pending = append(s.pending, s.Report(trial, r)...)
	}
}

// take is what is to be carried out, once.
func (s *stops) take() []stop.Decision {
	all := s.pending
	s.pending = nil
	return all
}

// begin says that an attempt of a trial begins, end that it has ended.
func (s *stops) begin(trial int) {
	if s.concerns(trial) {
		s.Begin(trial)
	}
}

func (s *stops) end(trial int) {
	if s.concerns(trial) {
		s.End(trial)
	}
}

// free says that a trial's steps were made elsewhere.
func (s *stops) free(trial int) {
	if s.concerns(trial) {
		s.Free(trial)
	}
}

// memory is what the journal keeps with a trial; nil: nothing.
func (s *stops) memory(trial int) *sweep.StopMemory {
	if !s.concerns(trial) {
		return nil
	}
	return s.Memory(trial)
}

// byRule is how many trials were decided to end early; nil: none.
func (s *stops) byRule() map[sweep.StopRule]int {
	if s.Stopper == nil {
		return nil
	}
	return s.Decided()
}

// anew lets a trial be judged again that a user retries, and is then what the journal keeps.
func (s *stops) anew(trial int) *sweep.StopMemory {
	if s.concerns(trial) {
		s.Forget(trial)
	}
	return s.memory(trial)
}

// restore takes in what the journal kept of a trial in a state, and the series of its attempt.
func (s *stops) restore(trial int, state sweep.State, m *sweep.StopMemory, series *sweep.Series) {
	if s.concerns(trial) {
		s.Restore(trial, m, series, state == sweep.Launched || state == sweep.Running)
	}
}

// extend goes on by another spec, whose rules are the same: only what bounds trials may be another.
func (s *stops) extend(spec *sweep.Spec) {
	if s.Stopper == nil {
		s.Stopper = stop.New(spec)
		return
	}
	s.Extend(spec)
}
