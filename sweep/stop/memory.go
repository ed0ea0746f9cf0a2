package stop

import "github.com/kaon-sweep/kaon/sweep"

// Memory is what is remembered of one trial.
type Memory = sweep.StopMemory

// trial is what a Stopper knows of a trial.
type trial struct {
	Memory
	number  int
	bracket []int // by rule
	live    bool
	best    float64 // of its attempt, for rules that ask again
	met     bool    // it has reported a finite value
}

// best is the best finite value of a series by a goal.
func best(s *sweep.Series, goal sweep.Goal) float64 {
	if goal == sweep.Maximize {
		return s.Max
	}
	return s.Min
}
