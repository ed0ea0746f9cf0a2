package stop

import "github.com/kaon-sweep/kaon/sweep"

// New makes the stopper of a spec; nil when the spec ends no trial early and has no budgets for trials.
func New(spec *sweep.Spec) *Stopper {
	l, goal := spec.Limits, spec.Objective.Goal
	if len(spec.Early) == 0 && l.Steps == 0 && l.TrialSteps == 0 && l.TrialTime == 0 {
		return nil
	}
	s := &Stopper{spec: spec, trials: map[int]*trial{}, made: map[sweep.StopRule]int{}}
	for i := range spec.Early {
		e := &spec.Early[i]
		switch e.Rule {
		case sweep.ASHA:
			s.rules = append(s.rules, newHalving(spec, e))
		case sweep.Hyperband:
			s.rules = append(s.rules, newBands(spec, e))
		case sweep.Median:
			s.rules = append(s.rules, &median{e: e, scale: scale{goal}})
		case sweep.Plateau:
			s.rules = append(s.rules, plateau{e: e, scale: scale{goal}})
		case sweep.Threshold:
			s.rules = append(s.rules, threshold{e: e})
		}
	}
	return s
}
