package scheduler

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// point is the parameters of a trial, the same for all its attempts.
func (r *run) point(trial int) (sweep.Point, error) {
	if !r.study.Learns() {
		return r.study.Point(trial)
	}
	if p, ok := r.learned.points[trial]; ok {
		return p, nil
	}
	p, err := r.study.Point(trial)
	if err != nil {
		return nil, err
	}
	r.learned.turn++
	r.learned.points[trial], r.learned.asked[trial] = p, r.learned.turn
	return p, nil
}

// observe tells the search how a trial ended and returns the turn, 0 when it need not be repeated, and whether it was
// told of a failure. A trial that the user retries is not told again. The value of a failed trial is not told: it
// would not outlive a retry, and so could not be repeated.
func (r *run) observe(trial int, state sweep.State, s *sweep.Series) (number uint64, failure bool) {
	if trial == ThenTrial || !r.study.Learns() || r.learned.asked[trial] == 0 {
		return 0, false
	}
	if n := r.learned.told[trial]; n > 0 {
		return n, r.learned.failed[trial]
	}
	value, known := s.Reduced(r.spec.Objective.Reduce)
	if state == sweep.Failed {
		value, known = 0, false
		r.learned.failed[trial] = true
	}
	r.learned.turn++
	r.learned.told[trial] = r.learned.turn
	r.study.Observe(trial, state, value, known)
	return r.learned.turn, r.learned.failed[trial]
}

// remember keeps a journaled trial's turns for relearn.
func (r *run) remember(e *journal.TrialEntry) {
	if e.AskSeq > 0 {
		r.learned.replay = append(r.learned.replay, turn{number: e.AskSeq, trial: e.Trial})
	}
	if e.TellSeq > 0 {
		state := e.State
		value, known := e.Value.Reduced(r.spec.Objective.Reduce)
		if e.Failure || state == sweep.Failed {
			state, value, known = sweep.Failed, 0, false
		}
		r.learned.replay = append(r.learned.replay, turn{e.TellSeq, e.Trial, true, state, value, known})
	}
}

// relearn repeats the dialogue after a restart.
func (r *run) relearn() error {
	l := &r.learned
	slices.SortFunc(l.replay, func(a, b turn) int { return cmp.Compare(a.number, b.number) })
	for _, t := range l.replay {
		l.turn = t.number
		if t.told {
			l.told[t.trial] = t.number
			if t.state == sweep.Failed {
				l.failed[t.trial] = true
			}
			r.study.Observe(t.trial, t.state, t.value, t.known)
			continue
		}
		p, err := r.study.Point(t.trial)
		if err != nil {
			return err
		}
		l.points[t.trial], l.asked[t.trial] = p, t.number
	}
	l.replay = nil
	return nil
}
