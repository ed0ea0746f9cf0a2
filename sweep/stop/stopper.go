package stop

import (
	"fmt"
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// Stopper applies a sweep's rules.
type Stopper struct {
	spec   *sweep.Spec
	rules  []rule
	trials map[int]*trial
	steps  int64                  // of all trials
	made   map[sweep.StopRule]int // decisions, by rule
}

func (s *Stopper) trial(number int) *trial {
	t := s.trials[number]
	if t == nil {
		t = &trial{number: number, bracket: make([]int, len(s.rules))}
		t.Marks = make([][]float64, len(s.rules))
		for i, r := range s.rules {
			r.join(t, i)
		}
		s.trials[number] = t
	}
	return t
}

// Begin says that a new attempt of a trial runs. It counts its steps anew; what the trial had at rungs it met before
// stays, and it is not compared there again.
func (s *Stopper) Begin(number int) {
	t := s.trial(number)
	if s.spec.Objective.Step == "" {
		t.Before = t.Steps
	}
	t.live, t.met, t.At = true, false, 0
	for i, r := range s.rules {
		r.begin(t, i)
	}
}

// End says that no attempt of a trial runs.
func (s *Stopper) End(number int) {
	if t := s.trials[number]; t != nil {
		t.live = false
	}
}

// Free says that the steps of a trial were made by another sweep: they count for none of this one's limits.
func (s *Stopper) Free(number int) {
	if t := s.trials[number]; t != nil {
		s.steps -= t.Steps
		t.Steps = 0
	}
}

// Report takes in one value of a live trial, and says whom to end because of it, each trial once. Whoever carries a
// decision out calls Decide; one that came too late is not decided, and is not made again unless there is new cause.
func (s *Stopper) Report(number int, r Report) (decisions []Decision) {
	t := s.trial(number)
	t.live = true
	if t.Decision != nil {
		return nil
	}
	step := int64(r.Series.Count)
	if s.spec.Objective.Step != "" {
		step = r.Step
	}
	t.At = max(t.At, step)
	if done := max(t.Before+t.At, t.Steps); done > t.Steps {
		s.steps += done - t.Steps
		t.Steps = done
	}
	if r.Series.Finite > 0 {
		t.met, t.best = true, best(r.Series, s.spec.Objective.Goal)
	}
	for i, rule := range s.rules {
		for _, d := range rule.report(t, i, &r) {
			if !slices.ContainsFunc(decisions, func(x Decision) bool { return x.Trial == d.Trial }) {
				decisions = append(decisions, say(s.spec.Objective, d))
			}
		}
	}
	most := s.spec.Limits.TrialSteps
	if most > 0 && t.At >= most && !slices.ContainsFunc(decisions, func(x Decision) bool { return x.Trial == number }) {
		v, known := r.Series.Reduced(s.spec.Objective.Reduce)
		decisions = append(decisions, say(s.spec.Objective, Decision{Trial: number, Rule: sweep.Budget, Done: known,
			Step: t.At, Value: sweep.Float(v), Bound: sweep.Float(float64(most))}))
	}
	slices.SortStableFunc(decisions, func(a, b Decision) int { return a.Trial - b.Trial })
	return decisions
}

// Decide keeps a decision. It is made once: the first stands.
func (s *Stopper) Decide(d Decision) {
	if t := s.trial(d.Trial); t.Decision == nil {
		t.Decision = &d
		s.made[d.Rule]++
	}
}

// Decided is how many trials were decided to end, by rule; nil: none.
func (s *Stopper) Decided() map[sweep.StopRule]int {
	if len(s.made) == 0 {
		return nil
	}
	return maps.Clone(s.made)
}

// Overtime is the decision to end a trial whose time, limits.trial.time, is over; series is what its attempt reported.
// A trial that has reported nothing has lost.
func (s *Stopper) Overtime(number int, series *sweep.Series) Decision {
	v, known := series.Reduced(s.spec.Objective.Reduce)
	return Decision{
		Trial: number, Rule: sweep.Budget, Done: known || s.spec.Objective.Name == "", Step: s.trial(number).At,
		Value:  sweep.Float(v),
		Reason: fmt.Sprintf("budget: it has run for %v (limits.trial.time)", s.spec.Limits.TrialTime),
	}
}

// Undecided reports whether nothing was decided of a trial yet.
func (s *Stopper) Undecided(number int) bool {
	t := s.trials[number]
	return t == nil || t.Decision == nil
}

// Memory is what the journal keeps of a trial; nil: nothing. It is not changed afterwards.
func (s *Stopper) Memory(number int) *Memory {
	if t := s.trials[number]; t != nil {
		return t.Memory.Clone()
	}
	return nil
}

// Restore takes in what the journal kept of a trial, and the series of its attempt. Trials may come in any order.
func (s *Stopper) Restore(number int, m *Memory, series *sweep.Series, live bool) {
	if m == nil {
		return
	}
	t := s.trial(number)
	kept := m.Clone()
	for len(kept.Marks) < len(s.rules) {
		kept.Marks = append(kept.Marks, nil)
	}
	t.Memory, t.live = *kept, live
	if series.Finite > 0 {
		t.met, t.best = true, best(series, s.spec.Objective.Goal)
	}
	s.steps += t.Steps
	if t.Decision != nil {
		s.made[t.Decision.Rule]++
	}
	for i, rule := range s.rules {
		rule.restore(t, i)
	}
}

// Forget lets a user's retry of a trial be judged anew. What it had at rungs stays.
func (s *Stopper) Forget(number int) {
	if t := s.trials[number]; t != nil && t.Decision != nil {
		if s.made[t.Decision.Rule]--; s.made[t.Decision.Rule] == 0 {
			delete(s.made, t.Decision.Rule)
		}
		t.Decision = nil
	}
}

// Steps is how many steps all trials have made together.
func (s *Stopper) Steps() int64 { return s.steps }

// Extend goes on by the limits of another spec of the same sweep, whose rules are the same.
func (s *Stopper) Extend(spec *sweep.Spec) { s.spec = spec }
