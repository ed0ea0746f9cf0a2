package stop

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep"
)

// Expectation is what a rule of halving is expected to do to a sweep, when of the trials that come to a rung one in eta
// goes on.
type Expectation struct {
	Rule     sweep.StopRule
	Brackets []Bracket
	Last     int64   // the step at which trials end by themselves; 0: not known
	Steps    float64 // that all trials make together; 0: not known
	Full     float64 // that they would make without early stopping; 0: not known
}

// Bracket is trials that meet the same rungs.
type Bracket struct {
	Trials float64
	Rungs  []Rung
}

// Rung is a step at which trials are compared.
type Rung struct {
	Step   int64
	Trials float64 // that come there
	Stops  float64 // that end there
}

// Expect says what each rule of a spec that has rungs is expected to do, by itself. Rungs at which nobody ends are left
// out: the best trial goes on at each, and W&B's rungs have no last one without `max_iter`.
func Expect(spec *sweep.Spec) (all []Expectation) {
	for i := range spec.Early {
		e := &spec.Early[i]
		if e.Rungs == nil {
			continue
		}
		x := Expectation{Rule: e.Rule, Last: e.Last}
		if spec.Limits.TrialSteps > 0 {
			x.Last = spec.Limits.TrialSteps
		}
		shares := []float64{1}
		if e.Rule == sweep.ASHA {
			shares = newHalving(spec, e).weights
		}
		for b, rungs := range e.Rungs {
			x.add(shares[b]*float64(spec.Trials), rungs, e.Eta)
		}
		if x.Last > 0 {
			x.Full = float64(x.Last) * float64(spec.Trials)
		}
		all = append(all, x)
	}
	return all
}

func (x *Expectation) add(trials float64, rungs []int64, eta float64) {
	b := Bracket{Trials: trials}
	for _, step := range rungs {
		if trials <= 1 || x.Last > 0 && step >= x.Last {
			break
		}
		goOn := math.Max(trials/eta, math.Min(trials, 1)) // the best always does
		b.Rungs = append(b.Rungs, Rung{Step: step, Trials: trials, Stops: trials - goOn})
		x.Steps += (trials - goOn) * float64(step)
		trials = goOn
	}
	x.Steps += trials * float64(x.Last)
	if x.Last == 0 {
		x.Steps = 0
	}
	x.Brackets = append(x.Brackets, b)
}
