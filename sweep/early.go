package sweep

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// StopRule names a rule by which trials are ended early.
type StopRule string

// The rules of `early_terminate`.
const (
	ASHA      StopRule = "asha"      // asynchronous successive halving; with brackets, Hyperband
	Hyperband StopRule = "hyperband" // W&B's, which compares a trial again and again with the band it passed last
	Median    StopRule = "median"    // worse than the median of the others' running means
	Plateau   StopRule = "plateau"   // no better for so long
	Threshold StopRule = "threshold" // out of bounds
	// of a StopDecision alone: a repeat of a point that cannot win, `repeat: {racing: true}`
	Racing StopRule = "racing"
	Budget StopRule = "budget" // of a StopDecision alone: `limits.trial` is used up
)

// EarlyStop is one rule of `early_terminate`. Fields that a rule does not have are zero.
type EarlyStop struct {
	Rule      StopRule
	Rungs     [][]int64 // by bracket, ascending: the steps at which trials are compared (asha, hyperband)
	Eta       float64   // of those compared, one in so many goes on
	Strict    bool      // hyperband: a trial is judged by its value at the band, not by its best since it began
	Last      int64     // asha, hyperband: max_iter, at which a training ends by itself; 0: not known
	Start     int64     // median, threshold, plateau: the first step at which a trial may be stopped
	Interval  int64     // median: steps between comparisons
	MinTrials int       // median: how many others must have come as far
	Patience  int64     // plateau: steps without a gain
	MinDelta  float64   // plateau: what counts as a gain
	Lower     *float64  // threshold; nil: none
	Upper     *float64
}

// mostRungs bounds the rungs of one bracket, as W&B's engine does.
const mostRungs = 100

// geometricRungs are first, first·eta, first·eta² and so on, below the limit; 0: no limit. Each is rounded down once,
// from the exact product, as W&B does.
func geometricRungs(first, eta float64, limit int64) (rungs []int64) {
	for r := first; len(rungs) < mostRungs && r < math.MaxInt64/2; r *= eta {
		step := int64(r)
		if limit > 0 && step >= limit {
			break
		}
		if step >= 1 && (len(rungs) == 0 || step > rungs[len(rungs)-1]) {
			rungs = append(rungs, step)
		}
	}
	return rungs
}

// dividedRungs are limit/eta, limit/eta² and so on, n of them, rounded down, ascending: W&B's max_iter and s.
func dividedRungs(limit, eta float64, n int) (rungs []int64) {
	for r := limit / eta; len(rungs) < min(n, mostRungs) && r >= 1; r /= eta {
		rungs = append([]int64{int64(r)}, rungs...)
	}
	return rungs
}

// StopDecision says that a trial is ended early, and why. Journals and records hold it.
type StopDecision struct {
	Trial int      `codec:"-" json:"-"`
	Rule  StopRule `codec:"rule" json:"rule"`
	// it has what it can have, and counts as succeeded
	Done    bool `codec:"done,omitempty" json:"done,omitempty"`
	Bracket int  `codec:"bracket,omitempty" json:"bracket,omitempty"` // of Hyperband; 0: the first, or none
	Rung    int  `codec:"rung,omitempty" json:"rung,omitempty"`       // from 1; 0: the rule has none
	// how far the trial was, as `metric.step` counts
	Step  int64 `codec:"step" json:"step"`
	Value Float `codec:"value" json:"value"` // what was compared
	Bound Float `codec:"bound" json:"bound"` // with what
	// how many trials had come as far, itself included
	Of     int    `codec:"of,omitempty" json:"of,omitempty"`
	Reason string `codec:"reason" json:"reason"` // one sentence for people
}

// Float is a number that JSON can hold: what is not finite is the string "NaN", "Infinity" or "-Infinity".
type Float float64

// MarshalJSON writes the number, or its name when it is not finite.
func (f Float) MarshalJSON() ([]byte, error) {
	switch v := float64(f); {
	case math.IsNaN(v):
		return []byte(`"NaN"`), nil
	case math.IsInf(v, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(v)
	}
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Float) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*f = Float(v)
	return err
}

// StopMemory is what early stopping remembers of one trial. Journals hold it, so fields may be added, not changed.
type StopMemory struct {
	Steps int64 `codec:"s,omitempty"` // how far it has come, by the steps of its attempts together
	// of them, those of earlier attempts; none where trials name their step, and may go on
	Before   int64         `codec:"b,omitempty"`
	At       int64         `codec:"a,omitempty"` // the step its attempt is at
	Marks    [][]float64   `codec:"m,omitempty"` // by rule: what it had at each rung it has met, or what the rule keeps
	Decision *StopDecision `codec:"d,omitempty"` // nil: none
}

// Clone is a copy that shares nothing that changes.
func (m *StopMemory) Clone() *StopMemory {
	if m == nil {
		return nil
	}
	c := *m
	c.Marks = make([][]float64, len(m.Marks))
	for i, marks := range m.Marks {
		c.Marks[i] = slices.Clone(marks)
	}
	return &c
}
