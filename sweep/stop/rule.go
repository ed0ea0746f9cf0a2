package stop

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep"
)

// rule is one rule of `early_terminate`. at is its number, under which a trial has its marks.
type rule interface {
	// join takes in a trial that the rule has not met.
	join(t *trial, at int)
	// begin takes in that a new attempt of a trial runs.
	begin(t *trial, at int)
	// report takes a live trial's news in, and says whom to end because of it: that trial, or others by their numbers.
	report(t *trial, at int, r *Report) []Decision
	// restore takes in the marks of a trial of an earlier process.
	restore(t *trial, at int)
}

// Report is news of a trial: one more value of the objective.
type Report struct {
	Value  float64       // as it was reported
	Series *sweep.Series // of the attempt's values so far, this one included
	Step   int64         // what `metric.step` names said; ignored when it names nothing
}

// simple is what rules share that need to know nothing of a trial but its reports.
type simple struct{}

func (simple) join(*trial, int)    {}
func (simple) begin(*trial, int)   {}
func (simple) restore(*trial, int) {}

// scale turns values into losses, of which less is better, and back.
type scale struct{ goal sweep.Goal }

// loss is infinite for what is no number: nothing is worse.
func (s scale) loss(v float64) float64 {
	switch {
	case !sweep.IsFinite(v):
		return math.Inf(1)
	case s.goal == sweep.Maximize:
		return -v
	}
	return v
}

func (s scale) value(loss float64) float64 {
	if s.goal == sweep.Maximize {
		return -loss
	}
	return loss
}
